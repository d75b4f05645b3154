"""Pictures of plain values: a live view, a static picture and a text table of each."""

from unilab.views.address_space import AddressSpaceView
from unilab.views.boot_steps import BootStepsView
from unilab.views.boot_timeline import BootTimelineView
from unilab.views.code import CodeTable, side_by_side_code
from unilab.views.comparison import ComparisonView
from unilab.views.console import ConsoleView
from unilab.views.crossing import CrossingView
from unilab.views.exchange import ExchangeView
from unilab.views.image_map import ImageMapView
from unilab.views.machine_control import MachineControl
from unilab.views.nested import NestedView
from unilab.views.page_walk import PageWalkView
from unilab.views.showing import show
from unilab.views.side_by_side import SideBySide, side_by_side
from unilab.views.source import DiffView, SourceView
from unilab.views.thread_timeline import ThreadTimelineView
from unilab.views.virtqueue import VirtqueueView
from unilab.views.words import region_details

__all__ = [
    "AddressSpaceView",
    "BootStepsView",
    "BootTimelineView",
    "CodeTable",
    "ComparisonView",
    "ConsoleView",
    "CrossingView",
    "DiffView",
    "ExchangeView",
    "ImageMapView",
    "MachineControl",
    "NestedView",
    "PageWalkView",
    "SideBySide",
    "SourceView",
    "ThreadTimelineView",
    "VirtqueueView",
    "region_details",
    "show",
    "side_by_side",
    "side_by_side_code",
]
