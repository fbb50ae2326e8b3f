import { useCallback, useEffect, useRef, useState } from "react";

import { byRedirect, inPopup, type ConnectError, type Source } from "./window.js";

export interface ConnectOptions extends Source {
  /** In a popup, unless given; or by leaving the page, with the result at the start's `redirectUri`. */
  mode?: "popup" | "redirect" | undefined;
  /** Your backend believes the id only after it has read it with the customer's own token. */
  onConnected?: ((connectionId: string) => void) | undefined;
  onError?: ((error: ConnectError) => void) | undefined;
}

export type ConnectState =
  | { status: "idle" }
  | { status: "connecting" }
  | { status: "connected"; connectionId: string }
  | { status: "failed"; error: ConnectError };

export interface Connect {
  /** Begins, in a click's handler: browsers open popups for nothing else. What was begun before is given up. */
  connect: () => void;
  /** Gives up, and closes the popup. */
  cancel: () => void;
  state: ConnectState;
}

const IDLE: ConnectState = { status: "idle" };

/** Connects an account of the customer's. A popup that the customer closes leads back to `idle`. */
export function useConnect(options: ConnectOptions): Connect {
  const [state, setState] = useState<ConnectState>(IDLE);
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  const cancel = useCallback(() => {
    running.current?.abort();
    setState(IDLE);
  }, []);

  const connect = useCallback(async () => {
    running.current?.abort();
    const { signal } = (running.current = new AbortController());
    setState({ status: "connecting" });
    const { mode } = latest.current;
    const outcome = await (mode === "redirect" ? byRedirect : inPopup)(latest.current, signal);
    if (signal.aborted) return;
    if (outcome === undefined) {
      // The page is being left, or the popup was closed.
      if (mode !== "redirect") setState(IDLE);
    } else if ("error" in outcome) {
      setState({ status: "failed", error: outcome.error });
      latest.current.onError?.(outcome.error);
    } else {
      setState({ status: "connected", connectionId: outcome.connectionId });
      latest.current.onConnected?.(outcome.connectionId);
    }
  }, []);

  return { connect, cancel, state };
}
