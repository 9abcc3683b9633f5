# What a node is, a line for each thing: kind, a tab, and what it is. Run by root with the operator and the canary as arguments.
export LC_ALL=C
user=$1 canary=$2
# A loop of read would make a system call for each byte.
kind() { sed "s/^/$1	/"; }
# Files that are not the operator's. The time of the last change of the inode cannot be forged: it stands for the content.
find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/tmp -o -path /var/log -o -path "/home/$user" -o -path /var/lib/systemd \
	-o -path /var/lib/stand-in/calls -o -path /etc/pve/guests -o -path /var/lib/sudo/ts -o -path /var/spool/cron/crontabs \) -prune \
	-o ! -type d -printf '%p %y %m %u:%g %s %C@\n' -o -printf '%p %y %m %u:%g\n' | kind file
# What others put where the operator writes, set-id files among them.
find "/home/$user" /tmp /var/tmp /dev/shm /var/spool/cron/crontabs -xdev ! -user "$user" -printf '%p %y %m %u\n' 2>/dev/null | grep -v '/systemd-private-' | kind 'operator'"'"'s place'
dpkg-query -W -f '${Package} ${Version} ${Status}\n' | kind package
# What decides of each unit whether it is there, masked and enabled. systemctl list-unit-files makes half a second of work of the same.
find /etc/systemd /usr/local/lib/systemd /usr/lib/systemd /run/systemd/system* /run/systemd/transient /run/systemd/generator* \
	\( -name '*.service' -o -name '*.timer' -o -name '*.socket' \) -printf '%p %l\n' 2>/dev/null | kind service
for unit in cron ssh rsyslog dbus systemd-journald systemd-logind; do systemctl show -p Id,ActiveState,MainPID,FragmentPath,DropInPaths --value "$unit.service" | tr '\n' ' '; echo; done | kind service
systemctl show-environment | kind service
{ ip -o link; ip -o address; ip -o route show table all; ip rule; } | sed 's/ valid_lft.*//' | kind network
cat /proc/1/mounts | grep -v '/run/user/' | kind mount
hostname | kind name
getent passwd | kind account
passwd -S -a | kind account
getent group | kind account
# Programs that the operator started with sudo and that still run.
for process in $(grep -lzs "^SUDO_USER=$user$" /proc/[0-9]*/environ); do tr '\0' ' ' <"${process%environ}cmdline"; echo; done | kind process
# The canary where the operator can read it.
grep -rlsF -- "$canary" "/home/$user" /tmp /var/tmp /dev/shm | kind secret
sort -u /var/lib/stand-in/calls | kind call
find /etc/pve/guests -type f -printf '%f %m %u\n' | kind guest
