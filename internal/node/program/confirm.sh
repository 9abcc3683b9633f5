# Confirming a change over a new connection: reaching this line as root is the proof.

hello
if [ -d "$root/etc/pvesec/stage/$txn" ] && : >"$root/etc/pvesec/stage/$txn/confirmed"; then
	say confirmed
else
	say late
fi
