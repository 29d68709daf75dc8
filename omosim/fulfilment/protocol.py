"""What a fulfilment engine is: the methods the model calls and the books the laws compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from omosim.fulfilment.rules import Network
from omosim.schema.codes import Move
from omosim.schema.network import N_ROLES, ROOM


@dataclass
class Books:
    """Sums kept while events happen, each written by the code of its own event.

    Parameters
    ----------
    ledger : (2, N_ACCOUNTS) int64 minor units; row 1 holds rows placed in the measured window
    stations : (N_ROLES N + 1,) STATION
    spaces : (2N,) SPACE, pickup shelves and curbside bays
    transitions : (N_STATUS, N_STATUS) int64, rows that moved from a status to a status
    visits : (N, N_VISITS) int64
    places : (K, N_PLACES) int64, units outside the nodes
    units : (N_UNITS,) int64
    slots : (N, W) int32, courier places booked on the node's last booking day
    slot_limit : (N,) int32, places that could be booked on that day
    refused : rows that met a full courier wave or pickup slot
    bookings : (N, RING) int32, orders booked into the pickup slot that stands there last
    booking_limit : (N, RING) int32, orders that could be booked into it
    granted : rows that got a pickup slot
    booked, given_back, lapsed : bookings of pickup slots made, given back, and forgotten because their place was needed for a later slot
    waves_booked, waves_back, waves_lapsed : the same for the couriers' waves, forgotten when another day begins
    """

    ledger: np.ndarray
    stations: np.ndarray
    spaces: np.ndarray
    transitions: np.ndarray
    visits: np.ndarray
    places: np.ndarray
    units: np.ndarray
    slots: np.ndarray
    slot_limit: np.ndarray
    refused: int
    bookings: np.ndarray
    booking_limit: np.ndarray
    granted: int
    booked: int
    given_back: int
    lapsed: int
    waves_booked: int
    waves_back: int
    waves_lapsed: int

    @property
    def people(self) -> np.ndarray:
        """(N_ROLES N + 1,) bool, stations that people man: fitting rooms and the site are not."""
        role = np.arange(len(self.stations)) % N_ROLES
        role[-1] = ROOM
        return role != ROOM


#: a number, or one for each of several nodes
Some = int | np.ndarray


class Fulfilment(Protocol):
    """A fulfilment engine; `kernel` and `reference` give equal books, row by row, for any windows."""

    net: Network

    @property
    def booking_slots(self) -> np.ndarray:
        """(N, RING) int64, number of the pickup slot that each place of the bookings stands for; unused places have none booked."""

    def submit(self, rows: np.ndarray) -> None:
        """Take over DEMAND rows (copied); none may lie before the time reached."""

    def advance(self, until: int) -> None:
        """Handle every event with time < until in the order (time, kind, key)."""

    def outcomes(self) -> np.ndarray:
        """OUTCOME rows since the last call, sorted by (t, key, code)."""

    def book(self) -> np.ndarray:
        """BOOK rows of everything that reached the network, sorted by key; a copy."""

    def receive(self, node: int, sku: int, units: int, now: int, move: Move = Move.RECEIVED) -> None:
        """Units reach a node; waiting orders for them are served first come first served."""

    def set_staff(
        self, node: Some, pickers: Some, counter: Some, now: int, leaving: tuple[Some, Some] = (0, 0)
    ) -> None:
        """Staff on duty from now on, of one node or of several in their order.

        `leaving`: pickers and people at the counter whose shift ends now; at a node with overlap they end what they
        do beside those who come. What happens to picks in hand when nobody is left, the node's `at_closing` says.
        """

    def set_site(self, cap: int, now: int) -> None:
        """Sessions that the site carries from now on, 0 in an outage; sessions in hand end."""

    def set_places(self, node: Some, bins: Some, bays: Some, rooms: Some, now: int) -> None:
        """Bins of the pickup shelf, curbside bays and fitting rooms from now on, 0 as many as are needed."""

    def open_store(self, node: Some, now: int) -> None:
        """Customers may enter."""

    def close_store(self, node: Some, now: int) -> None:
        """Customers may no longer enter; those inside are served as long as staff stay."""

    def shut(self, node: Some, now: int) -> None:
        """No order is sent there from now on; those whose pick is queued there go on as after a failed pick."""

    def reopen(self, node: Some, now: int) -> None:
        """Orders may be sent there again; who came to collect and found the door shut comes once more."""

    def cancel_backorders(self, now: int) -> int:
        """Cancel every order that waits for stock; returns how many."""

    def pending(self) -> int:
        """Rows not resolved: still due, under way, or with a return to come."""

    def next_time(self) -> int:
        """Lower bound of the next event's time; 2**62 when nothing is due."""

    def books(self) -> Books:
        """The sums."""

    def holds(self) -> np.ndarray:
        """HOLD rows, sorted by key: what each live row holds and where it stands."""

    def residuals(self, now: int, audit: bool = True) -> dict[str, int]:
        """Residual of each law, 0 when it holds; `audit` also recounts the whole order book."""

    def state(self) -> dict[str, np.ndarray]:
        """Everything, as arrays."""

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Take over a state made by `state()`."""
