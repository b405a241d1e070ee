"""Every kind of channel, in the order they are tried for a person who chose none."""

from alerts.sinks.dingtalk import Dingtalk
from alerts.sinks.email import Email
from alerts.sinks.feishu import Feishu
from alerts.sinks.shapes import Sink
from alerts.sinks.sms import Sms
from alerts.sinks.wecom import Wecom

SINKS: dict[str, Sink] = {sink.kind: sink for sink in (Wecom(), Dingtalk(), Feishu(), Sms(), Email())}
ORDER = tuple(SINKS)
