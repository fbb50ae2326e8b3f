const { message, origins, around } = JSON.parse(document.getElementById("result").textContent);
const listener = around ? window.parent : window.opener;
if (listener && listener !== window) {
  let posted = false;
  for (const origin of origins) {
    try { listener.postMessage(message, origin); posted = true; } catch { /* not an origin: a pattern of the local run */ }
  }
  if (posted && !around) window.close();
}