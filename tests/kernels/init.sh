#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The guest's first process: makes the host's tree the guest's, read-only with a writable layer in
# memory, runs /job there and ends the machine. The job's output goes to the second serial line, and
# behind it one line `guest status N`.

export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev

for module in /modules/*.ko; do
	insmod "$module"
done

mkdir -p /host /layer /new
mount -t virtiofs -o ro host /host
mount -t tmpfs -o size=90% tmpfs /layer
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work overlay /new
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

stty -F /dev/ttyS1 raw
cp /job /new/run/job
chroot /new /bin/sh /run/job >/dev/ttyS1 2>&1
echo "guest status $?" >/dev/ttyS1
sync
reboot -f
