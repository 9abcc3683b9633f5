# Looking at the paths of a change: one process for all of them wherever a tool takes several. Part of the transaction.

looked= # what stat says of the paths of the change, a line for each: bits, names, mode and ids, a tab, the path; - for one that is not there
sums=   # the digests of those that are regular files, as sha256sum prints them

# look PATH…: fill in looked. Unless stat says of each path what it is, or that it is not there, lstat asks for the others alone.
look() {
	[ $# -gt 0 ] || return 0
	lk_left=$#
	while [ "$lk_left" -gt 0 ]; do
		lk_left=$((lk_left - 1))
		set -- "$@" "$root$1"
		shift
	done
	lk_said=$(stat -c "%f %h %a:%u:%g$tab%n" -- "$@" 2>&1)
	looked=$nl lk_gone=0
	while IFS= read -r lk_line; do
		case $lk_line in
		*"$tab/"*) looked=$looked$lk_line$nl ;;
		*) if absent "$lk_line"; then lk_gone=$((lk_gone + 1)); fi ;;
		esac
	done <<END_OF_STATS
$lk_said
END_OF_STATS
	lk_absent=
	for lk_path; do
		case $looked in *"$tab$lk_path$nl"*) continue ;; esac
		lk_absent=$lk_absent-$tab$lk_path$nl lk_gone=$((lk_gone - 1))
	done
	[ "$lk_gone" -ne 0 ] || looked=$looked$lk_absent
}

# add_up PATH…: fill in sums, of what look found to be regular files that nobody else can swap.
add_up() {
	[ "$closed" -eq 1 ] || return 0
	ad_left=$#
	while [ "$ad_left" -gt 0 ]; do
		ad_left=$((ad_left - 1))
		case $looked in *"$nl"8*"$tab$root$1$nl"*) lstat "$root$1" ;; *) kind= ;; esac
		[ "$kind" != f ] || set -- "$@" "$root$1"
		shift
	done
	[ $# -eq 0 ] || sums=$nl$(sha256sum -- "$@" 2>/dev/null)$nl
}

# digest PATH: the digest of a file in $sum, empty where it cannot be read.
digest() {
	sum=${sums%%"  $1$nl"*}
	if [ "$sum" != "$sums" ]; then
		sum=${sum##*"$nl"}
		return 0
	fi
	sum=$(sha256sum <"$1" 2>/dev/null) || sum=
	sum=${sum%% *}
}

# lstat PATH: type bits in $kind (f d l o, or empty when absent), mode and ids in $attributes, the number of names in $names.
lstat() {
	ls_said=${looked%%"$tab$1$nl"*}
	if [ "$ls_said" != "$looked" ]; then
		ls_said=${ls_said##*"$nl"}
	elif ls_said=$(stat -c '%f %h %a:%u:%g' -- "$1" 2>&1); then
		:
	elif absent "$ls_said"; then
		ls_said=-
	else
		fail install "$1" "$ls_said" comparing
	fi
	names=${ls_said#* }
	attributes=${names#* } names=${names%% *}
	case $ls_said in
	-) kind= attributes= ;;
	8*) kind=f ;;
	4???' '*) kind=d ;;
	a*) kind=l ;;
	*) kind=o ;;
	esac
}
