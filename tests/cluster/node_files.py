"""What makes a lab host a Kubernetes node: units, scripts and containerd's configuration (data).

Paths are kubeadm's: /etc/kubernetes/kubelet.conf (credentials), /var/lib/kubelet/config.yaml and
the drop-in folder /etc/kubernetes/kubelet.conf.d.
"""

from __future__ import annotations

from lab.guest_files import TextFile

POD_NETWORK = "10.200"
MOST_NODES = 9
# Where pods look for the API server. No kube-proxy runs here, so each node redirects it itself.
API_SERVICE = "10.96.0.1"

# A new unit, each container's scope too, gets TasksMax=15 % of the smallest limit otherwise: with
# pid_max=1000 a container stops at 149 tasks, and the node never comes under pressure.
MANAGER = TextFile(
    "/etc/systemd/system.conf.d/node.conf",
    "[Manager]\nDefaultTasksMax=infinity\nDefaultTimeoutStopSec=5s\n",
)

# What kubeadm asks for. The bridge plugin sets it with the first pod that it connects: a node would
# differ from itself before a reboot until then.
FORWARDING = TextFile("/etc/sysctl.d/90-kubernetes.conf", "net.ipv4.ip_forward = 1\n")

CONTAINERD_CONFIG = TextFile(
    "/etc/containerd/config.toml",
    """version = 3
disabled_plugins = [
  'io.containerd.internal.v1.tracing',
  'io.containerd.nri.v1.nri',
  'io.containerd.tracing.processor.v1.otlp',
]
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = 'localhost/pause:1'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
    SystemdCgroup = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['/usr/lib/cni']
  conf_dir = '/etc/cni/net.d'
""",
)

# The seed is a plain tar on a read-only disk. What an administrator may change afterwards (the
# kubelet's configuration above all) is written at the first boot only.
SEED_SCRIPT = TextFile(
    "/usr/local/sbin/node-seed",
    r"""#!/bin/sh
# Join the cluster that the seed tells of: credentials, pod network, the way to the API server.
set -e
read -r line < /proc/cmdline
for word in $line; do
  case $word in lab.seed=*) seed=/dev/${word#*=} ;; esac
done
mkdir -p /run/node
tar -xf "$seed" -C /run/node --exclude=image.tar
. /run/node/cluster.env
host=$(cat /proc/sys/kernel/hostname)
if [ ! -e /etc/kubernetes/kubelet.conf ]; then
  mkdir -p /etc/kubernetes/pki /etc/kubernetes/kubelet.conf.d /etc/cni/net.d /var/lib/kubelet
  cp /run/node/ca.crt /etc/kubernetes/pki/ca.crt
  cp /run/node/config.yaml /var/lib/kubelet/config.yaml
  cat > /etc/cni/net.d/10-pods.conflist <<K
{"cniVersion": "1.0.0", "name": "pods", "plugins": [
 {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "ranges": [[{"subnet": "$PODS.${host#h}.0/24"}]],
           "routes": [{"dst": "0.0.0.0/0"}]}},
 {"type": "portmap", "capabilities": {"portMappings": true}}]}
K
  umask 077
  cat > /etc/kubernetes/kubelet.conf.new <<K
apiVersion: v1
kind: Config
clusters:
- name: lab
  cluster: {server: "https://$API", certificate-authority: /etc/kubernetes/pki/ca.crt}
users:
- name: node
  user: {token: "$(cat /run/node/tokens/$host)"}
contexts:
- name: lab
  context: {cluster: lab, user: node}
current-context: lab
K
  sync
  mv /etc/kubernetes/kubelet.conf.new /etc/kubernetes/kubelet.conf
fi
rm -r /run/node/tokens
own=$(ip -4 -o addr show vec0 | { read -r _ _ _ address _; echo "${address%/*}"; })
echo "NODE_ARGS=--hostname-override=$host --node-ip=$own" > /run/node/kubelet.env
for number in $(seq "$MOST"); do
  [ "h$number" = "$host" ] || echo "route replace $PODS.$number.0/24 via ${own%.*}.$((10 + number))"
done | ip -batch -
for chain in PREROUTING OUTPUT; do
  iptables -w -t nat -A $chain -d "$SERVICE/32" -p tcp --dport 443 -j DNAT --to-destination "$API"
done
""",
    0o755,
)

SEED_UNIT = TextFile(
    "/etc/systemd/system/node-seed.service",
    """[Unit]
Description=Join a cluster
After=lab-net.service
Requires=lab-net.service
ConditionKernelCommandLine=lab.seed
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/node-seed
[Install]
WantedBy=multi-user.target
""",
)

CONTAINERD_UNIT = TextFile(
    "/etc/systemd/system/containerd.service",
    """[Unit]
Description=containerd container runtime
After=node-seed.service
[Service]
Type=notify
ExecStart=/usr/local/bin/containerd
Delegate=yes
KillMode=process
Restart=always
RestartSec=2
LimitNPROC=infinity
LimitCORE=0
TasksMax=infinity
OOMScoreAdjust=-999
[Install]
WantedBy=multi-user.target
""",
)

# The seed's image is the product as it was when the cluster was made. A newer one that was loaded
# since stays: the first boot alone imports.
IMAGE_SCRIPT = TextFile(
    "/usr/local/sbin/node-image",
    r"""#!/bin/sh
# Import the product's image from the seed, once.
set -e
done=/var/lib/containerd/.seeded
[ ! -e "$done" ] || exit 0
read -r line < /proc/cmdline
for word in $line; do
  case $word in lab.seed=*) seed=/dev/${word#*=} ;; esac
done
tar -xOf "$seed" image.tar | /usr/local/bin/ctr -n k8s.io images import -
touch "$done"
""",
    0o755,
)

IMAGE_UNIT = TextFile(
    "/etc/systemd/system/node-image.service",
    """[Unit]
Description=Image of the product
After=containerd.service
Requires=containerd.service
ConditionKernelCommandLine=lab.seed
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/node-image
[Install]
WantedBy=multi-user.target
""",
)

KUBELET_UNIT = TextFile(
    "/etc/systemd/system/kubelet.service",
    """[Unit]
Description=kubelet: The Kubernetes Node Agent
After=containerd.service node-image.service
Wants=containerd.service
ConditionPathExists=/etc/kubernetes/kubelet.conf
[Service]
EnvironmentFile=/run/node/kubelet.env
ExecStart=/usr/local/bin/kubelet --kubeconfig=/etc/kubernetes/kubelet.conf \\
  --config=/var/lib/kubelet/config.yaml --config-dir=/etc/kubernetes/kubelet.conf.d $NODE_ARGS
Restart=always
RestartSec=2
[Install]
WantedBy=multi-user.target
""",
)

FILES = (
    *(MANAGER, FORWARDING, CONTAINERD_CONFIG, SEED_SCRIPT, SEED_UNIT, CONTAINERD_UNIT),
    *(IMAGE_SCRIPT, IMAGE_UNIT, KUBELET_UNIT),
)
UNITS = ("node-seed.service", "containerd.service", "node-image.service", "kubelet.service")
