// The window in which the customer signs in.

const LOOK = "popup,width=560,height=760";

/**
 * Opens a window, which only a click may do: at once where it is known where to, else empty for now. There is none if the
 * browser blocks it, or cuts it off from here.
 */
export function openWindow(url = ""): Window | null {
  const opened = window.open(url, "_blank", LOOK);
  if (opened && url) press(opened, url);
  return opened;
}

/** Leads an empty window to where the sign-in begins. */
export function lead(opened: Window, url: string): void {
  opened.location.replace(url);
  press(opened, url);
}

/**
 * Where a sign-in begins, the page asks whether its visitor means it, since a link may come from anybody. Here the customer has
 * just said so, on a page that only the application's own pages can show: so its button is pressed.
 */
function press(opened: Window, url: string): void {
  const timer = setInterval(() => {
    try {
      if (opened.location.href !== url || opened.document.readyState !== "complete") return;
      opened.document.forms[0]?.submit();
    } catch {
      // It has gone elsewhere.
    }
    clearInterval(timer);
  }, 50);
  setTimeout(() => clearInterval(timer), 15_000);
}
