// Shows events as they come. Without this script the page shows those that there were when it was made.
const list = document.getElementById("events-list");
const shape = document.getElementById("event-shape").content.firstElementChild;
const status = document.getElementById("events-status");
const LIMIT = Number(list.dataset.limit);

let source = null;
document.getElementById("events-reload").remove();

function listen() {
  source = new EventSource(`/demo/events?after=${list.dataset.last}`);
  source.addEventListener("open", () => say(""));
  source.addEventListener("error", () => say("The service cannot be reached. Events come in as soon as it is back."));
  source.addEventListener("message", ({ data, lastEventId }) => {
    list.dataset.last = lastEventId;
    show(JSON.parse(data));
  });
}

function show(event) {
  const { time, connectionId, userId } = event.detail;
  const item = shape.cloneNode(true);
  const put = (field, text) => Object.assign(item.querySelector(`[data-field="${field}"]`), { textContent: text });
  put("name", event["detail-type"]);
  put("time", time).dateTime = time;
  put("connection", connectionId);
  put("customer", userId);
  put("json", JSON.stringify(event, null, 2));
  list.prepend(item);
  while (list.children.length > LIMIT) list.lastElementChild.remove();
}

function say(text) {
  status.textContent = text;
}

// A browser keeps few connections to one server: a page that nobody looks at gives up its own, and catches up later.
document.addEventListener("visibilitychange", () => {
  source?.close();
  source = null;
  if (!document.hidden) listen();
});
if (!document.hidden) listen();
