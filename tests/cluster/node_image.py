"""The golden image of a node: Debian, containerd, kubelet, and container images unpacked."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from lab import cache, cow, fleet, guest_files, images, kernels
from lab.errors import LabError
from lab.fleet import Fleet, Spec
from lab.host import Host
from lab.images import Image, Program, Recipe

from . import binaries, container_image, node_files, oci

NAME = "kubernetes"
MEMORY = "768M"
BAKING_MEMORY = "1536M"
OFF_WITHIN = 60.0
PROGRAMS = {
    "containerd": ("containerd", "containerd-shim-runc-v2", "ctr"),
    "kubernetes": ("kubelet",),
}
RECIPE = Recipe(
    "trixie",
    (
        *images.WITH_SYSTEMD,
        *("busybox-static", "conntrack", "containernetworking-plugins", "iproute2", "iptables"),
        *("kmod", "openssh-server", "procps", "python3", "runc", "sudo"),
    ),
    (*guest_files.COMMON, *guest_files.SYSTEMD, *node_files.FILES),
    guest_files.MASKED,
    (*images.PEOPLE, ("systemctl", "enable", "lab-net.service", *node_files.UNITS)),
    size=8 << 30,
)
# What a boot leaves that the nodes made from the image must not have in common.
FORGET = (
    "systemctl stop containerd && rm -rf /var/log/containers /var/log/pods /var/log/journal"
    " && : > /etc/machine-id && sync"
)

Say = Callable[[str], None]


def get(say: Say) -> Image:
    """The node's image from the cache, made first where it is not there (two minutes)."""
    programs = [
        Program.of(binaries.get(module, say) / name, f"/usr/local/bin/{name}")
        for module, names in PROGRAMS.items()
        for name in names
    ]
    base = container_image.base(say)
    key = cache.key_of(RECIPE, programs, base.name, container_image.PAUSE_SCRIPT, FORGET)

    def make(into: Path) -> None:
        images.build(NAME, RECIPE, into, say, programs)
        _bake(images.found(NAME, into), base, f"bake-{key}", say)

    return images.found(NAME, cache.fetch(f"image-{NAME}-{key}", make))


def load(host: Host, archive: bytes) -> None:
    """Import an archive of container images on a running node."""
    host.run(["ctr", "-n", "k8s.io", "images", "import", "-"], stdin=archive, timeout=300)


def _bake(image: Image, base: container_image.Base, name: str, say: Say) -> None:
    """Boot the image once, let containerd unpack what every node shall have, keep what it wrote."""
    say(f"image {NAME}: unpacking container images on it")
    fleet.destroy(name)
    with Fleet.of(name, 1, Spec(image, kernels.get("built", say), BAKING_MEMORY)) as baking:
        host = baking.hosts[0]
        busybox = host.run(["cat", "/bin/busybox"]).stdout.encode("utf-8", "surrogateescape")
        load(host, oci.archive([*container_image.small_images(busybox), base.image()]))
        host.run(FORGET)
        _power_off(host)
        cow.merge(host.guest.overlay, image.disk)
    say(f"image {NAME}: baked")


def _power_off(host: Host) -> None:
    host.run("poweroff", check=False)
    deadline = time.monotonic() + OFF_WITHIN
    while host.guest.running():
        if time.monotonic() > deadline:
            raise LabError(f"{host.name} does not power off; {host.guest.last_words()}")
        time.sleep(0.1)
