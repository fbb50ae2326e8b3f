"use client";
// Linkspan for React: a hook, and a button that uses it.

export { ConnectButton, type ConnectButtonProps } from "./connect-button.js";
export { useConnect, type Connect, type ConnectOptions, type ConnectState } from "./use-connect.js";
export type { ConnectError, Outcome, Source, StartForm } from "./window.js";
