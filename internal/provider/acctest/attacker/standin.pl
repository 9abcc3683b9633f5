#!/usr/bin/perl
# Stands in for a program of Proxmox VE, or of a storage, that the nodes of the lab lack. It takes options as PVE does: abbreviated, in any case, with one dash
# or two, with "=" or a space, before or after the words. It notes what was called, keeps objects below /etc/pve, and runs the programs that PVE would run as root.
use strict;
use warnings;

my ($name) = $0 =~ m{([^/]+)$};
die "please run as root\n" if $> != 0;
my %subcommands = (
    qm => [qw(list config pending listsnapshot status start stop shutdown reset reboot resume suspend snapshot delsnapshot rollback set resize create clone destroy migrate monitor unlock importdisk)],
    pct => [qw(list config pending status start stop shutdown reboot snapshot set resize create clone destroy enter exec push pull mount restore)],
    pveum => [qw(user group role acl realm passwd pool ticket)],
    pvesh => [qw(get set create delete ls usage)],
    pvesm => [qw(status list add set remove alloc free path export import)],
);
my %options = (
    qm => [qw(args hookscript memory balloon cores sockets onboot name timeout forceStop skiplock debug full verbose vmstate start todisk)],
    pct => [qw(hookscript memory swap cores onboot hostname mp0 dev0 features timeout forceStop)],
    vzdump => [qw(script dumpdir tmpdir storage mode compress all remove stdout quiet)],
    pveum => [qw(enable password groups privsep users roles comment)],
    pvesh => [qw(enable privsep commands output-format)],
);

# resolve completes an abbreviation, as PVE does, if only one word begins with it.
sub resolve {
    my ($word, $known) = @_;
    my @fit = grep { index(lc $_, lc $word) == 0 } @$known;
    return @fit == 1 ? $fit[0] : (grep { lc $_ eq lc $word } @fit)[0] // $word;
}

my (@words, %given);
while (defined(my $word = shift @ARGV)) {
    if ($word eq '--') { push @words, @ARGV; last }
    if ($word =~ /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s && $options{$name}) {
        my ($key, $value) = (resolve($1, $options{$name}), $2);
        $value = (@ARGV && $ARGV[0] !~ /^-/ ? shift @ARGV : 1) unless defined $value;
        $given{$key} = $value;
        next;
    }
    push @words, $word;
}
$words[0] = resolve($words[0], $subcommands{$name}) if @words && $subcommands{$name};
my $call = join ' ', $name, @words, map { "--$_=$given{$_}" } sort keys %given;
$call =~ s/([^\x20-\x7e]|\\)/sprintf '\\x%02x', ord $1/ge;

mkdir '/var/lib/stand-in', 0700;
open my $calls, '>>', '/var/lib/stand-in/calls' or die "calls: $!\n";
print $calls "$call\n";
close $calls;

# What PVE runs as root: hook scripts, scripts of backups, and whatever a program takes as -c.
for my $program (@given{qw(hookscript script)}, ($name eq 'zpool' ? grep { m{^/} } @words : ())) {
    system { $program } $program if defined $program && -x $program;
}
if ($name =~ /^(qm|pct)$/ && @words > 1 && $words[0] !~ /^(list|config|pending|status|listsnapshot)$/) {
    mkdir $_ for '/etc/pve', '/etc/pve/guests';
    my $id = $words[1] =~ s/[^0-9A-Za-z]/_/gr;
    open my $guest, '>>', "/etc/pve/guests/$id" or die "$id: $!\n";
    print $guest "$call\n";
    close $guest;
}
print "stand-in $call\n";
