"""Devices that ``machines.start`` never makes, since the library OS has no use for them: it must say so and go on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from unilab import toolchain
from unilab.machines.qemu import MACHINES, find

_PROGRAM = Path(__file__).parent / "no_devices" / "no_devices.c"
_CARD = "virtio-net-pci,netdev=net,romfile="
_REFUSED = "libos: the virtio network card is not used: "
_LEGACY = "libos: a virtio device is not used: it is a legacy one\n"
_LONG = 120


@pytest.mark.parametrize(
    ("machine", "card", "said"),
    [
        pytest.param("microvm", "virtio-net-device,netdev=net", _LEGACY, id="legacy"),
        pytest.param("q35", f"{_CARD},disable-legacy=off", _LEGACY, id="transitional"),
        pytest.param(
            "q35",
            f"{_CARD},disable-legacy=on,iommu_platform=on",
            f"{_REFUSED}it insists on features that are not implemented\n",
            id="behind-an-IOMMU",
        ),
        pytest.param(
            "pc",
            f"{_CARD},disable-legacy=on,vectors=0",
            f"{_REFUSED}there is no way for it to interrupt\n",
            id="no-MSI-X",
        ),
    ],
)
def test_refused(machine: str, card: str, said: str) -> None:
    image = toolchain.build(_PROGRAM, cflags=toolchain.inside(), services=["second_console"])
    words = f"-machine {MACHINES[machine]} -m 64 -accel tcg -cpu max -nodefaults -no-user-config -display none"
    words += " -no-reboot -serial stdio -device isa-debug-exit,iobase=0xf4,iosize=4"
    words += f" -netdev user,id=net,restrict=on -device {card} -append no_devices"
    ran = subprocess.run(
        [find().path, *words.split(), "-kernel", str(image.path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_LONG,
        check=False,
    )
    assert ran.stdout == said + "SUCCESS\n", ran.stderr
