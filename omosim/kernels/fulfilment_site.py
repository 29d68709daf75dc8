"""The web site in the fulfilment kernel: sessions, the queue page, and the orders that come out of them."""


from omosim.kernels.fulfilment_queue import schedule
from omosim.kernels.fulfilment_source import S_ON_SITE, allocate_first, not_found, to_picking
from omosim.kernels.fulfilment_station import is_free_for, join
from omosim.kernels.fulfilment_stock import S_CANCELLED, end_without_goods, move_to, tell
from omosim.kernels.fulfilment_tables import PRESENT, R_SITE_ROOM, STEPPED, kernel, part
from omosim.kernels.jit import apart
from omosim.schema import codes as c
from omosim.schema import columns as col

F_SITE_LOST = col.FLAG_SITE_LOST
BROWSE = int(c.Flow.BROWSE)
S_LEFT = int(c.Status.LEFT)
E_LEAVE = int(c.Event.QUEUE_LEAVE)
O_SITE_LOST = int(c.Outcome.SITE_LOST)


@part
def place(net, row, t):
    """An order is placed: stock for it, and into the picking queue."""
    if allocate_first(net, row, t):
        to_picking(net.q, net.q.book[net.q.live[row]["book"]], row, t)
    else:
        not_found(net, row, t)


@kernel
def lost_on_site(net, row, t, waited):
    """Turned away, or gave up waiting for the site."""
    apart()
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    b["flags"] |= F_SITE_LOST
    tell(net.told, q.g, b, t, O_SITE_LOST, waited)
    end_without_goods(q.g, r, b, row, t, S_LEFT if b["flow"] == BROWSE else S_CANCELLED)


@kernel
def to_site(net, row, t):
    """A session begins, waits on the queue page, or is turned away."""
    apart()
    q = net.q
    r = q.live[row]
    move_to(q.g, q.book[r["book"]], S_ON_SITE)
    station = q.station.size - 1
    s = q.station[station]
    room = q.g[R_SITE_ROOM]
    if room >= 0 and s["queued"] >= room and not is_free_for(q.line[station], s, PRESENT):
        lost_on_site(net, row, t, 0)
        return
    if not join(q, station, row, PRESENT, t) and r["patience_s"] >= 0:
        q.side[row]["since"] = t
        r["bits"] |= STEPPED
        schedule(q, row, t + r["patience_s"], E_LEAVE)


@kernel
def site_end(net, row, t):
    """The session is over: the order is placed now."""
    apart()
    q = net.q
    r = q.live[row]
    b = q.book[r["book"]]
    if b["flow"] == BROWSE:
        end_without_goods(q.g, r, b, row, t, S_LEFT)
        return
    if b["promised_at"] >= 0:
        b["promised_at"] += t - b["placed_at"]
    b["placed_at"] = t
    place(net, row, t)
