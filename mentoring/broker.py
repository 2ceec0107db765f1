"""What Kombu's Redis transport needs for a worker to outlive its broker.

Kombu 5.7.0 ends the worker ("Unrecoverable error: AttributeError") when the connection breaks while a task
runs: first by giving the task's message back over the connection that it is closing, and, if that is
prevented, by acknowledging it later on the channel that went with it. It does not happen each time;
tests/processes/test_broker_away.py tries three times.
"""

from kombu.transport.redis import Channel, QoS


class _LenientQoS(QoS):
    """Leaves out acknowledgements that nobody takes any more; the message comes again, as after a crash."""

    def ack(self, delivery_tag: str) -> None:
        if not self.channel.closed:
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if not self.channel.closed:
            super().reject(delivery_tag, requeue=requeue)


def let_workers_outlive_it() -> None:
    Channel.QoS = _LenientQoS
    # Nothing has to be given back: beat wakes every task again.
    Channel.do_restore = False
