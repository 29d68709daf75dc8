"""Opening hours in kernels: one rule for what shoppers expect and what the network does."""

from omosim.kernels.jit import kernel

_DAY = 86_400


@kernel
def next_open(door, t):
    """`t` (second) if a node, `door` its NODE row, is open by its hours, else the second of its next opening."""
    opens = int(door["opens_s"])
    closes = int(door["closes_s"])
    second = t % _DAY
    if opens >= closes or (opens <= second and second < closes):
        return t
    return t - second + opens + (0 if second < opens else _DAY)
