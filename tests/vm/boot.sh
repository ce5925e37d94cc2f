#!/usr/bin/env bash
# Boots the machine on the scenario; its exit status is the scenario's.   tests/vm/boot.sh IMAGE_DIR
set -uo pipefail
image=$1
repository=$(cd "$(dirname "$0")/../.." && pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
timeout "${LIMIT_S:-500}" qemu-system-x86_64 -M q35 -accel tcg,thread=multi,tb-size=256 -cpu max -smp 2 -m 1024 \
  -nodefaults -no-reboot -display none -serial stdio -kernel "$image/vmlinuz" -initrd "$image/initrd.gz" \
  -drive "file=$image/root.squashfs,if=virtio,format=raw,readonly=on" \
  -virtfs "local,path=$repository,mount_tag=repository,security_model=none,readonly=on,multidevs=remap" \
  -append "console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable no_timer_check" | tee "$log"
exit "$(sed -n 's/.*scenario ended: \([0-9]*\).*/\1/p' "$log" | tail -1 | grep . || echo 99)"
