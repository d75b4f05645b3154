"""Pictures of plain values: a live view, a static picture and a text table of each."""

from unilab.views.address_space import AddressSpaceView, show
from unilab.views.boot_timeline import BootTimelineView
from unilab.views.console import ConsoleView
from unilab.views.crossing import CrossingView
from unilab.views.machine_control import MachineControl
from unilab.views.nested import NestedView
from unilab.views.page_walk import PageWalkView
from unilab.views.side_by_side import SideBySide, side_by_side
from unilab.views.virtqueue import VirtqueueView
from unilab.views.words import region_details

__all__ = [
    "AddressSpaceView",
    "BootTimelineView",
    "ConsoleView",
    "CrossingView",
    "MachineControl",
    "NestedView",
    "PageWalkView",
    "SideBySide",
    "VirtqueueView",
    "region_details",
    "show",
    "side_by_side",
]
