"""`livecam pick --dask ADDRESS`: the same work on a cluster whose workers see the same files.

`dask.distributed` does the scheduling and the retries; this module sends inputs and returns
outcomes in their order. It is an extra, so that livecam connects to nothing unless asked.
"""

from __future__ import annotations

import contextlib
import importlib.util
import threading
import uuid
from collections import deque
from concurrent.futures import CancelledError
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from livecam.errors import InputError, LivecamError, UsageError
from livecam.extras import install
from livecam.library.picking import Finders, Made, Outcome, identifier_of, outcome_of
from livecam.photos.inputs import Input, Problem, Remark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from livecam.library.picking import PickOptions

AHEAD = 4
"""Inputs sent ahead for each thread of the cluster: enough that none has to wait for the next."""
CONNECT_S = 10
LOOK_S, LONELY_S = 5.0, 30.0
"""Seconds between two checks of a slow result, and how long a cluster may have no workers."""
RETRIES = 3
"""How often an input is given to another worker after its worker was lost."""

_FINDERS: dict[Any, Finders] = {}
_LOCK = threading.Lock()


def pick_on_cluster(
    found: Iterable[Input | Problem | Remark], ask: PickOptions, address: str
) -> Iterator[Outcome | Problem | Remark]:
    """Outcomes in the order of the inputs, with problems and remarks in their places.

    Raises UsageError without the extra, LivecamError if the cluster cannot be reached or is lost.
    """
    if importlib.util.find_spec("distributed") is None:
        raise UsageError("--dask needs the extra 'cluster'", install("cluster"))
    import distributed

    connect: Any = distributed.Client
    try:
        client: Any = connect(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as err:
        raise LivecamError(f"the cluster {address} cannot be reached", "is it running?") from err
    threads = _threads(client, address)
    # Finished inputs are checked for here, so `done` is not sent with every input.
    sent_ask = replace(ask, done=frozenset())
    sent: deque[Any] = deque()
    try:
        for one in found:
            # A future for each input; problems and remarks only wait for their turn.
            if isinstance(one, Input):
                before = _done_before(one, ask)
                sent.append(
                    before or client.submit(work, one, sent_ask, pure=False, retries=RETRIES)
                )
            else:
                sent.append(one)
            while sent and (len(sent) > AHEAD * threads or _is_ready(sent[0])):
                yield _result(sent.popleft(), client, address)
        while sent:
            yield _result(sent.popleft(), client, address)
    except (OSError, CancelledError) as err:  # raised if the scheduler is gone
        raise LivecamError(f"the cluster {address} is gone", "run it again: it goes on") from err
    finally:
        with contextlib.suppress(OSError, TimeoutError, CancelledError):
            client.close(timeout=CONNECT_S)


def _threads(client: Any, address: str) -> int:
    """How many threads the cluster has. Raises LivecamError where it has none."""
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except TimeoutError as err:
        client.close(timeout=CONNECT_S)
        raise LivecamError(
            f"the cluster {address} has no workers", f"start one: dask worker {address}"
        ) from err
    threads: int = sum(client.nthreads().values())
    return max(1, threads)


def work(source: Input, ask: PickOptions) -> Outcome:
    """One input, on a worker: its threads keep their networks from one input to the next."""
    with _LOCK:
        finders = _FINDERS.get(ask.model)
        if finders is None:
            finders = _FINDERS[ask.model] = Finders(ask.model)
    return outcome_of(source, ask, finders, Made())


def _done_before(source: Input, ask: PickOptions) -> Outcome | None:
    """A skipped outcome if an earlier run's result file has this input; None otherwise."""
    if not ask.done:
        return None
    try:
        identifier = identifier_of(source, ask)
    except InputError:
        return None  # the worker says why
    return Outcome(source, identifier) if uuid.UUID(identifier).bytes in ask.done else None


def _is_ready(one: Any) -> bool:
    return isinstance(one, Outcome | Problem | Remark) or bool(one.done())


def _result(one: Any, client: Any, address: str) -> Outcome | Problem | Remark:
    if isinstance(one, Outcome | Problem | Remark):
        return one
    lonely_s = 0.0
    while lonely_s < LONELY_S:
        try:
            outcome: Outcome = one.result(timeout=LOOK_S)
        except TimeoutError:
            lonely_s = 0.0 if client.nthreads() else lonely_s + LOOK_S
        else:
            return outcome
    raise LivecamError(f"the cluster {address} has no workers any more", "run it again: it goes on")
