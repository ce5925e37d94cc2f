# Starts bluetoothd without the plugins that want a classic radio.
/usr/libexec/bluetooth/bluetoothd --nodetach --noplugin=a2dp,avrcp,sap,network,input,hog >/run/bluetoothd.log 2>&1 &
echo $! >/run/bluetoothd.pid
