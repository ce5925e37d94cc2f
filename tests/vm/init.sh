#!/bin/sh
# First program of the machine: modules, then a root of which nothing is kept.
exec </dev/console >/dev/console 2>&1
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
for module in $($b cat /modules); do $b insmod "/$module" || echo "no module $module"; done
$b mount -t tmpfs over /over
$b mkdir /over/upper /over/work
$b mount -t squashfs -o ro /dev/vda /lower
$b mount -t overlay -o lowerdir=/lower,upperdir=/over/upper,workdir=/over/work root /root
for each in dev proc sys; do $b mount --move "/$each" "/root/$each"; done
$b cp /guest.sh /root/run/guest.sh
exec $b switch_root /root /bin/sh /run/guest.sh
