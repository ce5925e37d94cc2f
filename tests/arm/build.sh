#!/bin/sh
# An arm64 Debian with Python and what a bundle needs, to be run by qemu-user: tests/arm/build.sh OUT bookworm|trixie
# Needs Debian, root, and the packages qemu-user-static and mmdebstrap. Result: OUT/SUITE, and its packages in OUT/SUITE-site.
set -eu
out=$1 suite=$2
case $suite in bookworm) python=3.11 ;; trixie) python=3.13 ;; *) echo "no suite $suite" >&2; exit 2 ;; esac
mkdir -p "$out"
work=$(mktemp -d "$out/.$suite.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
root=$work/root
mirror=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/debian.sources | head -n 1)
mmdebstrap --quiet --mode=root --variant=extract --architectures=arm64 --include=python3-minimal,python3,libgomp1,libstdc++6 \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' "$suite" "$root" \
    "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
for name in bin sbin lib; do [ -e "$root/$name" ] || ln -s "usr/$name" "$root/$name"; done
# LiteRT asks /proc/cpuinfo what the processor can do, and crashes on an x86 answer: this is a Raspberry Pi 4's.
mkdir -p "$root/proc"
for core in 0 1 2 3; do
    printf 'processor\t: %d\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\n' "$core"
    printf 'CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd08\nCPU revision\t: 3\n\n'
done > "$root/proc/cpuinfo"
# The wheels that a Raspberry Pi would take, fetched by this machine's pip: the emulated one needs minutes.
set --
for glibc in 17 27 28 31 34; do set -- "$@" --platform "manylinux_2_${glibc}_aarch64"; done
pip install --quiet --no-compile --only-binary :all: --implementation cp --python-version "$python" "$@" \
    --platform manylinux2014_aarch64 --target "$work/site" ai-edge-litert numpy msgspec cryptography platformdirs
rm -rf "${out:?}/$suite" "${out:?}/$suite-site"
mv "$root" "$out/$suite"
mv "$work/site" "$out/$suite-site"
