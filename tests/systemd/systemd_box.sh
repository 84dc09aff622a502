#!/bin/bash
# systemd_box.sh DIR [--bind SRC DST | --bind-rw SRC DST]… -- COMMAND…
#
# Runs COMMAND as PID 1 of its own pid, mount, uts, ipc and cgroup namespaces over a throw-away overlay of /: what it
# writes is gone when it ends, except below a --bind-rw. The network is the host's. DIR is an empty directory outside
# /tmp; its last component names the box's cgroup. box.py is the only caller, and describes the requirements.
set -euo pipefail

if [ "${1:-}" != --inside ]; then
    dir=$1
    # From here everything is in a mount namespace of its own, so nothing mounted can be left behind.
    # The cgroup has to be entered before the cgroup namespace is made: it becomes the root that the box sees. Without
    # one of its own, two boxes would share system.slice and kill each other's services.
    mount --make-rprivate /
    mkdir -p "$dir"
    mount -t tmpfs -o mode=755 tmpfs "$dir"
    mkdir -p "$dir"/{up,work,root,cgroup}
    mount -t cgroup2 cgroup2 "$dir/cgroup"
    mkdir "$dir/cgroup/${dir##*/}"
    echo $$ >"$dir/cgroup/${dir##*/}/cgroup.procs"
    umount "$dir/cgroup"
    exec unshare --fork --pid --mount --uts --ipc --cgroup --kill-child=SIGKILL "$0" --inside "$@"
fi

shift
dir=$1 root=$1/root
shift
mount -t overlay overlay -o "lowerdir=/,upperdir=$dir/up,workdir=$dir/work" "$root"
while [ "$1" != -- ]; do
    mkdir -p "$root$3"
    mount --bind "$2" "$root$3"
    [ "$1" = --bind-rw ] || mount -o remount,bind,ro "$root$3"
    shift 3
done
shift

# The kernel's own trees are read-only, or systemd would set the host's sysctls; and /dev is new, or journald would put
# its /dev/log into the host's.
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root"/dev/{pts,shm,mqueue}
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
# /etc/resolv.conf is often a link into /run, which is new here.
if [ -e /etc/resolv.conf ]; then
    rm -f "$root/etc/resolv.conf"
    cat /etc/resolv.conf >"$root/etc/resolv.conf"
fi
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/var/log"

# None of the host's services start in the box, nor those of systemd's own that want hardware.
rm -rf "$root"/etc/systemd/system/*.wants "$root"/etc/systemd/system/*.requires
for unit in dev-hugepages.mount dev-mqueue.mount proc-sys-fs-binfmt_misc.automount sys-fs-fuse-connections.mount \
    sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount systemd-binfmt.service \
    systemd-firstboot.service systemd-modules-load.service systemd-random-seed.service systemd-sysctl.service \
    systemd-sysusers.service systemd-timesyncd.service systemd-udevd.service systemd-udev-trigger.service \
    systemd-update-utmp.service tmp.mount; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
mkdir -p "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\nForwardToConsole=no\nReadKMsg=no\nRateLimitIntervalSec=0\n' \
    >"$root/etc/systemd/journald.conf.d/box.conf"

cd "$root"
mkdir -p .old
pivot_root . .old
cd /
umount -l /.old
rmdir /.old
# Shared, or the mounts of credentials and sandboxes do not reach the services and they silently stay empty.
mount --make-rshared /
export container=other
exec "$@"
