"""The queue that webhooks come from, as SQS keeps it, and the one for what the function cannot deal with."""

import json
import re
from itertools import count
from pathlib import Path

import serving

TEMPLATE = (Path(__file__).resolve().parents[2] / "infra/template.yaml").read_text()
# The template's own numbers.
MOST_RECEIVES = int(re.search(r"maxReceiveCount: (\d+)", TEMPLATE)[1])
VISIBILITY = int(re.search(r"WebhooksQueue:\n.*?VisibilityTimeout: (\d+)", TEMPLATE, re.DOTALL)[1])
BATCH = int(re.search(r"Queue: !GetAtt WebhooksQueue.Arn\n\s+BatchSize: (\d+)", TEMPLATE)[1])


class Message:
    def __init__(self, receipt, body, at):
        # When it is next handed over, and how often it was.
        self.receipt, self.body, self.at, self.receives = receipt, body, at, 0

    def record(self):
        attributes = {"ApproximateReceiveCount": str(self.receives)}
        return {"messageId": self.receipt, "receiptHandle": self.receipt, "body": self.body, "attributes": attributes}


class Queue:
    """Hands its messages to `invoke`, which answers as the function does, by the clock of `now`."""

    def __init__(self, now, invoke):
        self._now, self._invoke, self._messages, self._names = now, invoke, {}, count()
        self.laid_aside = []
        self.url = serving.start(self._answer) + "/queue"

    def _answer(self, headers, body):
        """The one operation of SQS that the function uses."""
        asked = json.loads(body)
        known = headers["x-amz-target"] == "AmazonSQS.ChangeMessageVisibility" and asked["QueueUrl"] == self.url
        if not known or asked["ReceiptHandle"] not in self._messages:
            return 400, b"{}"
        self._messages[asked["ReceiptHandle"]].at = self._now() + asked["VisibilityTimeout"]
        return 200, b"{}"

    def put(self, body):
        receipt = f"message-{next(self._names)}"
        self._messages[receipt] = Message(receipt, body, self._now())

    def next(self):
        """When the next message is handed over, if there is any."""
        return min((message.at for message in self._messages.values()), default=None)

    def hands_over(self):
        """Hands over what it is time for."""
        due = [message for message in self._messages.values() if message.at <= self._now()]
        for message in [message for message in due if message.receives == MOST_RECEIVES]:
            due.remove(message)
            self.laid_aside.append(self._messages.pop(message.receipt))
        for at in range(0, len(due), BATCH):
            self._batch(due[at:at + BATCH])

    def _batch(self, batch):
        for message in batch:
            message.at, message.receives = self._now() + VISIBILITY, message.receives + 1
        answer = self._invoke(json.dumps({"Records": [message.record() for message in batch]}).encode())
        again = {failure["itemIdentifier"] for failure in json.loads(answer)["batchItemFailures"]}
        for message in batch:
            if message.receipt not in again:
                del self._messages[message.receipt]
