# Second program of the machine: D-Bus, bluetoothd, the repository from outside, then the scenario.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
mkdir -p /run/dbus /run/lock /var/lib/bluetooth /repository
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose repository /repository
dbus-daemon --system --fork --nopidfile
sh /repository/tests/vm/bluetoothd.sh
cd /repository
PYTHONPATH=/opt/site:/repository timeout 400 python3 tests/vm/scenario.py
echo "scenario ended: $?"
sync
echo o >/proc/sysrq-trigger
sleep 60
