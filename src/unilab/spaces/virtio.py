"""What a driver and its virtio device say to each other, as plain values: features, status, accesses of registers.

Source: Virtual I/O Device (VIRTIO) Version 1.2, sections "Device Status Field", "Reserved Feature Bits", "Feature bits"
of each device type, "MMIO Device Register Layout" and "Common configuration structure layout". So are the names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from unilab.spaces.model import Source

_RESERVED = {
    28: "INDIRECT_DESC",
    29: "EVENT_IDX",
    32: "VERSION_1",
    33: "ACCESS_PLATFORM",
    34: "RING_PACKED",
    35: "IN_ORDER",
    36: "ORDER_PLATFORM",
    37: "SR_IOV",
    38: "NOTIFICATION_DATA",
    39: "NOTIF_CONFIG_DATA",
    40: "RING_RESET",
}
_NET = {
    0: "CSUM",
    1: "GUEST_CSUM",
    2: "CTRL_GUEST_OFFLOADS",
    3: "MTU",
    5: "MAC",
    7: "GUEST_TSO4",
    8: "GUEST_TSO6",
    9: "GUEST_ECN",
    10: "GUEST_UFO",
    11: "HOST_TSO4",
    12: "HOST_TSO6",
    13: "HOST_ECN",
    14: "HOST_UFO",
    15: "MRG_RXBUF",
    16: "STATUS",
    17: "CTRL_VQ",
    18: "CTRL_RX",
    19: "CTRL_VLAN",
    21: "GUEST_ANNOUNCE",
    22: "MQ",
    23: "CTRL_MAC_ADDR",
    56: "HOST_USO",
    57: "HASH_REPORT",
    59: "GUEST_HDRLEN",
    60: "RSS",
    61: "RSC_EXT",
    62: "STANDBY",
    63: "SPEED_DUPLEX",
}
_BLK = {
    1: "SIZE_MAX",
    2: "SEG_MAX",
    4: "GEOMETRY",
    5: "RO",
    6: "BLK_SIZE",
    9: "FLUSH",
    10: "TOPOLOGY",
    11: "CONFIG_WCE",
    12: "MQ",
    13: "DISCARD",
    14: "WRITE_ZEROES",
    15: "LIFETIME",
    16: "SECURE_ERASE",
}
_CONSOLE = {0: "SIZE", 1: "MULTIPORT", 2: "EMERG_WRITE"}
#: QEMU's name of a device's type -> the prefix of its own feature bits, and their names.
_OWN: Mapping[str, tuple[str, Mapping[int, str]]] = {
    "virtio-net": ("VIRTIO_NET_F_", _NET),
    "virtio-blk": ("VIRTIO_BLK_F_", _BLK),
    "virtio-serial": ("VIRTIO_CONSOLE_F_", _CONSOLE),
    "virtio-rng": ("VIRTIO_RNG_F_", {}),
}
#: Virtio's numbers of device types -> QEMU's names for them. Section "Device Types".
DEVICE_TYPES = {1: "virtio-net", 2: "virtio-blk", 3: "virtio-serial", 4: "virtio-rng"}
#: The names of a device's queues, in their order. Sections "Virtqueues" of each device.
QUEUES = {
    "virtio-blk": ("requests",),
    "virtio-net": ("receive", "transmit", "control"),
    "virtio-rng": ("requests",),
    "virtio-serial": ("receive", "transmit"),
}
_STATUS = {
    1: "ACKNOWLEDGE",
    2: "DRIVER",
    8: "FEATURES_OK",
    4: "DRIVER_OK",
    64: "DEVICE_NEEDS_RESET",
    128: "FAILED",
}
#: Registers by their offset: of a device in memory, and of the common structure of one on the PCI bus.
MMIO = {
    0x000: "MagicValue",
    0x004: "Version",
    0x008: "DeviceID",
    0x00C: "VendorID",
    0x010: "DeviceFeatures",
    0x014: "DeviceFeaturesSel",
    0x020: "DriverFeatures",
    0x024: "DriverFeaturesSel",
    0x030: "QueueSel",
    0x034: "QueueNumMax",
    0x038: "QueueNum",
    0x044: "QueueReady",
    0x050: "QueueNotify",
    0x060: "InterruptStatus",
    0x064: "InterruptACK",
    0x070: "Status",
    0x080: "QueueDescLow",
    0x084: "QueueDescHigh",
    0x090: "QueueDriverLow",
    0x094: "QueueDriverHigh",
    0x0A0: "QueueDeviceLow",
    0x0A4: "QueueDeviceHigh",
    0x0FC: "ConfigGeneration",
}
PCI = {
    0x00: "device_feature_select",
    0x04: "device_feature",
    0x08: "driver_feature_select",
    0x0C: "driver_feature",
    0x10: "config_msix_vector",
    0x12: "num_queues",
    0x14: "device_status",
    0x15: "config_generation",
    0x16: "queue_select",
    0x18: "queue_size",
    0x1A: "queue_msix_vector",
    0x1C: "queue_enable",
    0x1E: "queue_notify_off",
    0x20: "queue_desc",
    0x24: "queue_desc, high",
    0x28: "queue_driver",
    0x2C: "queue_driver, high",
    0x30: "queue_device",
    0x34: "queue_device, high",
}
#: The registers that a negotiation is made of, by what they are for, on either transport.
_NEGOTIATION = {
    "DeviceFeaturesSel": "offer half",
    "device_feature_select": "offer half",
    "DeviceFeatures": "offer",
    "device_feature": "offer",
    "DriverFeaturesSel": "accept half",
    "driver_feature_select": "accept half",
    "DriverFeatures": "accept",
    "driver_feature": "accept",
    "Status": "status",
    "device_status": "status",
}
#: So many features are named; more are counted.
_MOST_NAMES = 3
#: The device's own configuration begins here in memory.
_MMIO_CONFIG = 0x100


def feature_names(device: str, bits: int) -> tuple[str, ...]:
    """The names of feature bits, lowest first; a bit that the specification does not name is ``bit 30``.

    Args:
        device: QEMU's name of the device's type: ``virtio-blk``.
        bits: The 64 bits.

    >>> feature_names("virtio-blk", 1 << 32 | 1 << 9)
    ('VIRTIO_BLK_F_FLUSH', 'VIRTIO_F_VERSION_1')
    """
    prefix, own = _OWN.get(device, ("", {}))
    names = []
    for bit in range(64):
        if bits >> bit & 1:
            known = f"VIRTIO_F_{_RESERVED[bit]}" if bit in _RESERVED else prefix + own[bit] if bit in own else ""
            names.append(known or f"bit {bit}")
    return tuple(names)


def status_names(bits: int) -> tuple[str, ...]:
    """The names of the bits of a device's status, in the order in which they are set.

    >>> status_names(11)
    ('ACKNOWLEDGE', 'DRIVER', 'FEATURES_OK')
    """
    return tuple(name for bit, name in _STATUS.items() if bits & bit)


def queue_name(device: str, number: int) -> str:
    """What a queue is for: ``requests``, ``receive``, ...; its number where that is not known."""
    names = QUEUES.get(device, ())
    return names[number] if number < len(names) else f"queue {number}"


@dataclass(frozen=True, slots=True)
class Access:
    """One access of the driver's to a register of its device. Each of them leaves the guest.

    Attributes:
        register: Its name.
        write: Whether it was written; otherwise it was read.
        value: What was written or read.
    """

    register: str
    write: bool
    value: int


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """What went through one queue.

    Attributes:
        requests: Buffers, or chains of them, that the device has taken.
        kicks: Notifications of the driver's; None where they cannot be counted.
        interrupts: Interrupts of the device's.
    """

    requests: int = 0
    kicks: int | None = 0
    interrupts: int = 0


@dataclass(frozen=True, slots=True)
class DeviceTalk:
    """All that a driver and its device said to each other in one run.

    Attributes:
        device: QEMU's name of the device's type.
        transport: ``MMIO`` or ``PCI``.
        address: Guest-physical address of its registers, bytes.
        accesses: Of its registers, in order.
        queues: Name -> counts; the queues that were used.
        source: LIVE, RECORDED or MODEL.
        origin: On what.
    """

    device: str
    transport: str
    address: int
    accesses: tuple[Access, ...]
    queues: Mapping[str, QueueCounts] = field(default_factory=dict)
    source: Source = Source.LIVE
    origin: str = ""

    @property
    def negotiation(self) -> tuple[Access, ...]:
        """The accesses of registers of features and status."""
        return tuple(access for access in self.accesses if access.register in _NEGOTIATION)

    @property
    def offered(self) -> int:
        """The feature bits that the driver read: those the device has."""
        return _halves(self.accesses, "offer")

    @property
    def accepted(self) -> int:
        """The feature bits that the driver wrote: those it will use."""
        return _halves(self.accesses, "accept")

    @property
    def offered_names(self) -> tuple[str, ...]:
        """The same by their names."""
        return feature_names(self.device, self.offered)

    @property
    def accepted_names(self) -> tuple[str, ...]:
        """The same by their names."""
        return feature_names(self.device, self.accepted)

    @property
    def statuses(self) -> tuple[int, ...]:
        """What was written to the status register, in order."""
        return tuple(a.value for a in self.accesses if _NEGOTIATION.get(a.register) == "status" and a.write)

    @property
    def status(self) -> int:
        """What was last written to the status register; 0 if nothing was."""
        return self.statuses[-1] if self.statuses else 0

    @property
    def before_work(self) -> int:
        """Accesses until the device was told to work; all of them if it never was."""
        for number, access in enumerate(self.accesses, 1):
            if _NEGOTIATION.get(access.register) == "status" and access.write and access.value & 4:
                return number
        return len(self.accesses)


@dataclass(frozen=True, slots=True)
class DeviceState:
    """How a device stands at one moment, as it says itself.

    Attributes:
        device: QEMU's name of the device's type.
        offered: Names of the features that it has.
        accepted: Names of those that its driver uses.
        status: Names of the bits of its status register.
        broken: Whether it has given up on its driver.
    """

    device: str
    offered: tuple[str, ...]
    accepted: tuple[str, ...]
    status: tuple[str, ...]
    broken: bool

    def __repr__(self) -> str:
        """A line; Jupyter's form too."""
        words = " ".join(self.status) or "reset"
        return f"<{self.device}: {words}{'; broken' if self.broken else ''}>"


def explained(device: str, accesses: Sequence[Access]) -> list[tuple[Access, str]]:
    """Each access of a negotiation, and in words what it means; empty for registers of other things.

    Args:
        device: QEMU's name of the device's type.
        accesses: In order: which half of the features is meant was chosen before.

    >>> said = [Access("Status", True, 3), Access("DriverFeatures", True, 512)]
    >>> [words for _, words in explained("virtio-blk", said)]
    ['ACKNOWLEDGE DRIVER', 'VIRTIO_BLK_F_FLUSH']
    """
    half, found = 0, []
    for access in accesses:
        match _NEGOTIATION.get(access.register):
            case "status":
                words = " ".join(status_names(access.value)) or "reset"
            case "offer half" | "accept half":
                half = 32 if access.value else 0
                words = "bits 32 to 63 next" if half else "bits 0 to 31 next"
            case "offer" | "accept":
                names = feature_names(device, (access.value & 0xFFFFFFFF) << half)
                words = f"{len(names)} features" if len(names) > _MOST_NAMES else " ".join(names) or "none"
            case _:
                words = ""
        found.append((access, words))
    return found


def _halves(accesses: Sequence[Access], what: str) -> int:
    """64 bits that were read or written in halves, the last time that they were."""
    half, found = 0, 0
    for access in accesses:
        kind = _NEGOTIATION.get(access.register)
        if kind == f"{what} half" and access.write:
            half = 32 if access.value else 0
        elif kind == what and access.write == (what == "accept"):
            found = found & ~(0xFFFFFFFF << half) | (access.value & 0xFFFFFFFF) << half
    return found


def mmio_register(offset: int) -> str:
    """The name of a register of a device in memory."""
    if offset >= _MMIO_CONFIG:
        return f"Config + {offset - _MMIO_CONFIG:#x}"
    return MMIO.get(offset, f"register {offset:#x}")


def pci_register(offset: int) -> str:
    """The name of a register of the common structure of a device on the PCI bus."""
    return PCI.get(offset, f"register {offset:#x}")
