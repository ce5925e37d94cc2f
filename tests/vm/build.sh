#!/usr/bin/env bash
# Builds the machine: a kernel with a virtual radio, BlueZ, and what the bridge needs. Needs root; installs its own tools.
#   tests/vm/build.sh OUT_DIR
set -euo pipefail
out=$(mkdir -p "$1" && cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
suite=trixie python=3.13
mirror=$(awk '/^URIs/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources)
source="deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"

apt-get -qq install -y --no-install-recommends \
  qemu-system-x86 mmdebstrap squashfs-tools kmod busybox-static cpio xz-utils >/dev/null

# The kernel; not the one for clouds, which has no Bluetooth.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mmdebstrap --quiet --mode=root --variant=extract --include=linux-image-amd64 "$suite" "$work/kernel" "$source"
[ -e "$work/kernel/lib" ] || ln -s usr/lib "$work/kernel/lib"
version=$(ls "$work/kernel/lib/modules")
cp "$work/kernel/boot/vmlinuz-$version" "$out/vmlinuz"

# The first root: busybox and just the modules, in the order in which they load. drbg must come before ecdh_generic.
first="$work/first"
mkdir -p "$first/bin" "$first/dev" "$first/proc" "$first/sys" "$first/lower" "$first/over" "$first/root"
cp /bin/busybox "$first/bin/"
ln -s busybox "$first/bin/sh"
depmod -b "$work/kernel" "$version"
for module in sha512_generic ctr ecb cmac drbg virtio_pci virtio_blk 9pnet_virtio 9p overlay squashfs \
  bluetooth hci_vhci algif_hash algif_skcipher; do
  modprobe -d "$work/kernel" -S "$version" --show-depends "$module" | awk '$1 == "insmod" {print $2}'
done | awk '!seen[$0]++' | sed "s#^$work/kernel/##" >"$first/modules"
(cd "$work/kernel" && cpio -pdm --quiet "$first" <"$first/modules")
find "$first/lib" -name '*.ko.xz' -exec xz -d {} +
sed -i 's/\.xz$//' "$first/modules"
cp "$here/init.sh" "$first/init"
cp "$here/guest.sh" "$first/guest.sh"
(cd "$first" && find . | cpio -o -H newc --quiet | gzip -1 >"$out/initrd.gz")

# The root: BlueZ, D-Bus and Python, with what a device installs, and Bumble for the virtual watch.
sed -n 's/^\([A-Za-z0-9._-]*==[^ ]*\).*/\1/p' "$here/../../requirements-device.txt" | grep -v -e winrt -e pyobjc -e colorama -e numpy \
  >"$work/device.txt"
echo numpy >>"$work/device.txt"
wheels=()
for glibc in 17 27 28 31 34; do wheels+=(--platform "manylinux_2_${glibc}_x86_64"); done
pip install -q --target "$work/site/opt/site" --only-binary :all: --implementation cp --python-version "$python" \
  "${wheels[@]}" --platform manylinux2014_x86_64 bumble -r "$work/device.txt"
mmdebstrap --quiet --mode=root --variant=minbase --include=bluez,dbus,python3 \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --customize-hook="copy-in $work/site/opt /" "$suite" "$work/root" "$source"
rm -rf "$work"/root/dev/* "$work"/root/var/cache/apt/* "$work"/root/var/lib/apt/lists/*
mksquashfs "$work/root" "$out/root.squashfs" -quiet -no-progress -noappend -comp zstd -Xcompression-level 3 >/dev/null
