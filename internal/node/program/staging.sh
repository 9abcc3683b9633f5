# Staging: the new files next to their places, and how to undo what is done with them. Part of the transaction. One process for all files wherever a tool takes several.

fresh=  # the new files in the stage, a line for each: mode and ids, a tab, the path
hashes= # their digests, a line for each
written=$nl # what the change writes or removes, a line for each

# owner NAME-OR-ID NAME-OR-ID PATH: user and group id in $ids.
owner() {
	case $1:$2 in
	root:root | 0:0) ids=0:0; return 0 ;;
	esac
	case $1 in
	*[!0-9]*)
		o_uid=$(id -u -- "$1" 2>/dev/null) || {
			stopped $? id "$quick"
			fail install "$3" "there is no user $1" staging
		}
		;;
	*) o_uid=$1 ;;
	esac
	case $2 in
	*[!0-9]*)
		o_gid=$(getent group "$2" 2>/dev/null) || {
			stopped $? getent "$quick"
			fail install "$3" "there is no group $2" staging
		}
		o_gid=${o_gid#*:*:}
		o_gid=${o_gid%%:*}
		;;
	*) o_gid=$2 ;;
	esac
	ids=$o_uid:$o_gid
}

# device_of PATH: the file system of the nearest directory above PATH, in $near, as a number in $found_device.
device_of() {
	near=${1%/*}
	while [ -n "$near" ] && [ ! -d "$near" ]; do near=${near%/*}; done
	dv_line=${walls_are%%" directory$tab$near$nl"*}
	if [ -n "$near" ] && [ "$dv_line" != "$walls_are" ]; then
		found_device=${dv_line##* }
	else
		found_device=$(stat -L -c %d -- "$near/" 2>&1) || fail install "$1" "$found_device" staging
	fi
}

# place PATH: the directory in $dir where a file waits for its rename to PATH. rename(2) does not cross file systems.
place() {
	device_of "$1"
	dir=$mine
	[ "$found_device" = "$device" ] && return 0
	dir=$near/.pvesec-$txn
	[ -d "$dir" ] && return 0
	printf '%s\n' "$dir" 2>/dev/null >>"$mine/elsewhere" || fail install "$mine" 'cannot be written' staging
	try staging "$dir" mkdir -m 700 -- "$dir"
}

# expect PATH WHAT
expect() {
	lstat "$root$1"
	case $kind in
	'') x_found=absent ;;
	f)
		digest "$root$1"
		[ -n "$sum" ] || fail install "$1" 'cannot be read' comparing
		x_found=$sum
		;;
	d) x_found=directory ;;
	l) x_found='symbolic link' ;;
	*) x_found='special file' ;;
	esac
	case $2 in
	"$x_found") return 0 ;;
	any) [ -n "$kind" ] && return 0 ;;
	esac
	fail conflict "$1" "$x_found" "$2"
}

# want NUMBER VALIDATOR: the file differs.
want() {
	todo="$todo$1 " written=$written$target$nl
	touches "$2" || touched="$touched$2 "
}

# want_gone NUMBER VALIDATOR: the file is there, and must go.
want_gone() {
	todo="$todo$1 " written=$written$target$nl
	lessens "$2" || lessened="$lessened$2 "
}

# remember OPERATION ARGUMENT PATH
remember() { log="$1$tab$2$tab$3$nl$log"; }

# settle_later LINE: for settle_accounts. It is on the disk before the journal is.
settle_later() { s_said=$({ printf '%s\n' "$1" >>"$mine/settle"; } 2>&1) || fail install "$mine/settle" "$s_said" staging; }

# stage_file: bring the new file next to its place, see whether anything differs, and note how to undo it.
stage_file() {
	case $2 in
	erased) settle_later "log$tab$8"; return 0 ;;
	erased-tree) settle_later "tree$tab$8"; return 0 ;;
	esac
	target=$root$8
	way "$target"
	in_opened "$8"
	case $2:$open in
	*: | absent:*) ;;
	*) fail open "$8" "$open_why" "${open#"$root"}" ;;
	esac
	lstat "$target"
	[ -z "$open" ] || [ -z "$kind" ] || note "${open#"$root"} $open_why: no copy is kept of $8, which is removed"
	[ "$2" = absent ] || owner "$4" "$5" "$8"
	was=$kind had=$attributes wanted=${3#0}:$ids
	wanted=${wanted#0}
	wanted=${wanted#0}
	case $2 in directory) if foreign "$wanted"; then opened="$opened$8$nl"; fi ;; esac
	case $2:$was in
	regular:d) fail install "$8" 'is a directory' staging ;;
	directory:[flo]) fail install "$8" 'is not a directory' staging ;;
	ensure:[dlo]) fail install "$8" 'is not a regular file' staging ;;
	directory:d | ensure:f)
		[ "$2:$names" = directory:"$names" ] || [ "$names" = 1 ] || fail install "$8" "has $names names (hard links), and writing to one writes to all" staging
		if [ "$had" != "$wanted" ]; then
			want "$1" "$6"
			remember attr "$had" "$target"
		fi
		;;
	directory:) want "$1" "$6"; remember made - "$target" ;;
	absent:) ;;
	absent:d)
		a_in=$(ls -A -- "$target" 2>&1) || fail install "$8" "$a_in" comparing
		if [ -n "$a_in" ]; then
			each leaves "$8"
			if [ -n "$a_in" ]; then
				# Other resources of pvesec keep files there: the last of them takes the directory along.
				printf '%s\n' "$a_in" | grep -qv '^pvesec-' && note "$8 is not empty and stays"
				return 0
			fi
		fi
		want "$1" "$6"
		remember dir "$had" "$target"
		;;
	absent:*) want_gone "$1" "$6"; keep_old "$1" ;;
	*)
		if [ "$was" = f ] && [ "$had" = "$wanted" ]; then
			digest "$target"
			[ "$sum" != "$7" ] || return 0
		fi
		place "$target"
		new=$dir/new.$1
		{ content "$1" >"$new"; } 2>"$run/said" || fail install "$8" "$(said "$new")" staging
		fresh=$fresh$3:$ids$tab$new$nl hashes=$hashes$7$nl
		want "$1" "$6"
		if [ -n "$was" ]; then keep_old "$1"; else remember gone - "$target"; fi
		;;
	esac
}

# staged NUMBER PATH: the new file for PATH in $staged, or what is there where that does not differ.
staged() {
	staged=$root$2
	needs "$1" || return 0
	place "$root$2"
	staged=$dir/new.$1
}

# arrive: the new files are as they were sent, and get their modes and owners. They lie where only root comes.
arrive() {
	[ -n "$fresh" ] || return 0
	new_files
	IFS=$nl
	set -- $new_files
	unset IFS
	ar_sums=$(sha256sum -- "$@" 2>&1)$nl
	for ar_sum in $hashes; do
		ar_is=${ar_sums%%"$nl"*}
		ar_sums=${ar_sums#*"$nl"}
		ar_is=${ar_is#\\}
		[ "${ar_is%% *}" = "$ar_sum" ] || fail install "$(each is_place_of "${1##*/new.}")" 'arrived incomplete (is the file system full?)' staging
		shift
	done
	ar_rest=$fresh
	while [ -n "$ar_rest" ]; do
		ar_attr=${ar_rest%%"$tab"*} ar_later= ar_these=
		while IFS=$tab read -r ar_this ar_file; do
			case $ar_this in
			'') ;;
			"$ar_attr") ar_these=$ar_these$ar_file$nl ;;
			*) ar_later=$ar_later$ar_this$tab$ar_file$nl ;;
			esac
		done <<END_OF_FILES
$ar_rest
END_OF_FILES
		IFS=$nl
		set -- $ar_these
		unset IFS
		try staging "$mine" chown -- "${ar_attr#*:}" "$@"
		try staging "$mine" chmod -- "${ar_attr%%:*}" "$@"
		ar_rest=$ar_later
	done
}

# new_files: the paths of the new files in the stage in $new_files, a line for each.
new_files() {
	new_files=
	while IFS=$tab read -r nw_attr nw_file; do new_files=$new_files$nw_file$nl; done <<END_OF_FILES
$fresh
END_OF_FILES
}

# is_place_of NUMBER NUMBER KIND …: print the path of the file of a number.
is_place_of() { [ "$1" != "$2" ] || printf '%s' "$9"; }

# leaves DIRECTORY NUMBER KIND …: strike the entries from $a_in that this very change removes. Arguments are shifted by one.
leaves() {
	[ "$3" = absent ] || return 0
	[ "${9%/*}" = "$1" ] || return 0
	a_in=$(printf '%s\n' "$a_in" | grep -Fxv -e "${9##*/}")
}

# keep_old NUMBER: a second link to what is there, so that putting it back is one rename that needs no space and
# keeps every attribute. File systems without links get a copy.
keep_old() {
	k_way=link
	place "$target"
	if [ -n "$open" ]; then
		k_way=own
		[ "$dir" = "$mine" ] || fail open "${target#"$root"}" "$open_why" "${open#"$root"}"
	fi
	if k_said=$(ln -- "$target" "$dir/undo.$1" 2>&1); then
		:
	else
		k_said=$(explain "$k_said" "$target")
		case $k_said in
		*'immutable)' | *'append-only)' | *'No space left'* | *'Read-only'*) fail install "${target#"$root"}" "$k_said" staging ;;
		esac
		try staging "${target#"$root"}" cp -pP -- "$target" "$dir/undo.$1"
		must_flush staging "${target#"$root"}" "$dir/undo.$1"
	fi
	remember "$k_way" "$dir/undo.$1" "$target"
}

# unmoved: nobody put another file in place since the stage was made.
unmoved() {
	needs "$1" || return 0
	lstat "$root$8"
	case $2:$kind in
	directory:* | ensure:f | absent:d) return 0 ;;
	esac
	place "$root$8"
	if [ -e "$dir/undo.$1" ] || [ -L "$dir/undo.$1" ]; then
		if [ -n "$kind" ]; then
			[ "$root$8" -ef "$dir/undo.$1" ] || [ "$kind" = l ] || cmp -s -- "$root$8" "$dir/undo.$1" || fail conflict "$8" 'another file' 'the file that was there a moment ago'
			return 0
		fi
		fail conflict "$8" absent 'the file that was there a moment ago'
	fi
	[ -z "$kind" ] || fail conflict "$8" 'a new file' absent
}

# erase KIND PATH: a tree, or a log with what logrotate made of it. Others must not choose what that is.
erase() {
	er_kind=$1 er_path=$2
	closed=0 walls_are=$nl # by now, a directory may have another owner
	way "$root$er_path"
	if [ -n "$open" ]; then
		note "$er_path stays: ${open#"$root"} $open_why"
		return 0
	fi
	set -- "$root$er_path"
	if [ "$er_kind" = log ]; then
		set +f
		set -- "$1" "$1".[0-9]* "$1"-[0-9]*
		set -f
	fi
	er_said=$(limited $((patient * 5)) rm -rf -- "$@" 2>&1 </dev/null) || note "$er_path is not gone as a whole: $er_said"
}
