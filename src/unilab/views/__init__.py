"""Pictures of plain values: a live view, a static picture and a text table of each."""

from unilab.views.address_space import AddressSpaceView, show
from unilab.views.words import region_details

__all__ = ["AddressSpaceView", "region_details", "show"]
