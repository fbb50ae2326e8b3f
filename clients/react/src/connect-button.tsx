import type { ComponentPropsWithoutRef } from "react";

import { useConnect, type ConnectOptions } from "./use-connect.js";

export type ConnectButtonProps = ConnectOptions &
  Omit<ComponentPropsWithoutRef<"button">, keyof ConnectOptions | "type" | "onClick">;

/** A button that connects. `aria-busy` and `data-status` say how far it is. It can be pressed again at any time. */
export function ConnectButton({ start, poll, mode, onConnected, onError, ...button }: ConnectButtonProps) {
  const { connect, state } = useConnect({ start, poll, mode, onConnected, onError });
  const busy = state.status === "connecting";
  return <button {...button} type="button" aria-busy={busy} data-status={state.status} onClick={connect} />;
}
