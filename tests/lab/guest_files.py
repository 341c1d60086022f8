"""What a golden image holds beyond Debian's packages: network, ssh, quiet boot (data)."""

from __future__ import annotations

from dataclasses import dataclass

NET_SCRIPT = "/usr/local/sbin/lab-net"
DOCKER_IMAGE = "/usr/local/share/lab/busybox.tar"


@dataclass(frozen=True)
class TextFile:
    """A file of the image, owned by root."""

    path: str
    text: str
    mode: int = 0o644


# The packaged kernel has no IP_PNP, so this script takes the address from the kernel command line.
# It has modules, of which nf_tables lacks IPv4: Docker then needs the older iptables.
# UML's /proc/cpuinfo lacks "core id" (bookworm's ps and vmstat fail) and "cpu MHz" (kubelet fails).
LAB_NET = TextFile(
    NET_SCRIPT,
    r"""#!/bin/sh
# Address, gateway, name and modules of a lab host, as its kernel command line says.
read -r line < /proc/cmdline
for word in $line; do
  case $word in
    lab.ip=*) ip=${word#*=} ;;
    lab.gw=*) gw=${word#*=} ;;
    lab.host=*) host=${word#*=} ;;
    lab.modules=*) modules=${word#*=} ;;
  esac
done
[ -n "$ip" ] || exit 0
printf '%s\t: %s\n' processor 0 vendor_id UML 'model name' UML 'cpu MHz' 2000.000 'core id' 0 \
  > /run/cpuinfo && mount --bind /run/cpuinfo /proc/cpuinfo
if [ -n "$modules" ]; then
  mkdir -p /lib/modules && mount -o ro "/dev/$modules" /lib/modules
  ln -sf /usr/sbin/iptables-legacy /etc/alternatives/iptables
  ln -sf /usr/sbin/ip6tables-legacy /etc/alternatives/ip6tables
fi
echo "$host" > /proc/sys/kernel/hostname
grep -q " $host\$" /etc/hosts || printf '127.0.1.1 %s\n' "$host" >> /etc/hosts
exec ip -batch - <<B
link set lo up
link set vec0 up
addr add $ip dev vec0
route add default via $gw
B
""",
    0o755,
)

COMMON = (
    LAB_NET,
    TextFile("/etc/hostname", "localhost\n"),
    TextFile("/etc/hosts", "127.0.0.1 localhost\n"),
    TextFile("/etc/fstab", ""),
    TextFile("/etc/machine-id", ""),
    TextFile("/etc/sudoers.d/ops", "ops ALL=(ALL) NOPASSWD: ALL\n", 0o440),
    TextFile(
        "/etc/ssh/sshd_config.d/lab.conf",
        "HostKey /etc/ssh/ssh_host_ed25519_key\nPrintLastLog no\nMaxSessions 100\n"
        "MaxStartups 100\n",
    ),
)

SYSTEMD = (
    TextFile(
        "/etc/systemd/system/lab-net.service",
        f"""[Unit]
Description=Network of the lab
DefaultDependencies=no
Wants=network.target
Before=network.target ssh.service systemd-modules-load.service systemd-sysctl.service
After=-.mount
ConditionKernelCommandLine=lab.ip
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={NET_SCRIPT}
[Install]
WantedBy=sysinit.target
""",
    ),
    TextFile("/etc/systemd/journald.conf.d/lab.conf", "[Journal]\nStorage=volatile\n"),
)

SYSVINIT = (
    # The kernel closes its tap with the interface, and would have none after a reboot.
    TextFile("/etc/default/halt", "HALT=poweroff\nNETDOWN=no\n"),
    # Docker's init script mounts cgroup v1 unless it finds cgroups here.
    TextFile("/etc/fstab", "none /sys/fs/cgroup cgroup2 noauto 0 0\n"),
    TextFile(
        "/etc/init.d/lab-net",
        f"""#!/bin/sh
### BEGIN INIT INFO
# Provides:          lab-net
# Required-Start:    mountkernfs $local_fs
# Required-Stop:
# Default-Start:     S
# Default-Stop:
# Short-Description: Network and cgroups of the lab
### END INIT INFO
[ "$1" = start ] || exit 0
mount -t cgroup2 none /sys/fs/cgroup
for name in cpu io memory pids; do
  echo "+$name" > /sys/fs/cgroup/cgroup.subtree_control
done
exec {NET_SCRIPT}
""",
        0o755,
    ),
    TextFile(
        "/etc/inittab",
        """id:2:initdefault:
si::sysinit:/etc/init.d/rcS
~~:S:wait:/sbin/sulogin --force
l0:0:wait:/etc/init.d/rc 0
l1:1:wait:/etc/init.d/rc 1
l2:2:wait:/etc/init.d/rc 2
l3:3:wait:/etc/init.d/rc 3
l4:4:wait:/etc/init.d/rc 4
l5:5:wait:/etc/init.d/rc 5
l6:6:wait:/etc/init.d/rc 6
ca:12345:ctrlaltdel:/sbin/shutdown -t1 -a -r now
""",
    ),
)

# Units that a lab host has no use for; each costs boot time on an emulated CPU. user@0 is the user
# manager of root, started for every harness login otherwise.
MASKED = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "console-getty.service",
    "dev-hugepages.mount",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty-static.service",
    "getty@tty1.service",
    "kmod-static-nodes.service",
    "ldconfig.service",
    "modprobe@.service",
    "proc-sys-fs-binfmt_misc.automount",
    "sshd-keygen.service",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path",
    "systemd-binfmt.service",
    "systemd-bsod.service",
    "systemd-creds.socket",
    "systemd-firstboot.service",
    "systemd-hibernate-clear.service",
    "systemd-journal-catalog-update.service",
    "systemd-journal-flush.service",
    "systemd-pcrextend.socket",
    "systemd-pcrlock.socket",
    "systemd-pcrmachine.service",
    "systemd-pcrphase-sysinit.service",
    "systemd-pcrphase.service",
    "systemd-pstore.service",
    "systemd-random-seed.service",
    "systemd-remount-fs.service",
    "systemd-sysext.socket",
    "systemd-sysusers.service",
    "systemd-tpm2-setup-early.service",
    "systemd-tpm2-setup.service",
    "systemd-update-done.service",
    "systemd-update-utmp-runlevel.service",
    "systemd-update-utmp.service",
    "user@0.service",
)
