#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The guest's first process: makes the tree that the host shares the guest's, read-only with a
# writable layer in memory, runs /job there and ends the machine. The job's output goes to the
# second serial line, and behind it one line `guest status N`.
#
# /settings says: OUTPUT, that serial line's name; PROJECT, where the second share belongs, if any.

export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
. /settings

# layered NAME TARGET: the share NAME, with a layer of its own to write to
layered() {
	mkdir -p "/share/$1" "/layer/$1/upper" "/layer/$1/work" "$2"
	mount -t virtiofs -o ro "$1" "/share/$1"
	mount -t overlay -o "lowerdir=/share/$1,upperdir=/layer/$1/upper,workdir=/layer/$1/work" \
		overlay "$2"
}

for module in /modules/*.ko; do
	insmod "$module"
done

mkdir /layer /new
mount -t tmpfs -o size=90% tmpfs /layer
layered root /new
[ -z "$PROJECT" ] || layered project "/new$PROJECT"
mount -t proc proc /new/proc
mount -t sysfs sysfs /new/sys
mount -t devtmpfs devtmpfs /new/dev
mkdir -p /new/dev/pts /new/dev/shm
mount -t devpts devpts /new/dev/pts
mount -t tmpfs tmpfs /new/dev/shm
mount -t tmpfs tmpfs /new/run
mount -t tracefs tracefs /new/sys/kernel/tracing
mount -t securityfs securityfs /new/sys/kernel/security
mount -t bpf bpf /new/sys/fs/bpf
mount -t cgroup2 cgroup2 /new/sys/fs/cgroup
ip link set lo up

stty -F "/dev/$OUTPUT" raw
cp /job /new/run/job
chroot /new /bin/sh /run/job >"/dev/$OUTPUT" 2>&1
echo "guest status $?" >"/dev/$OUTPUT"
sync
reboot -f
