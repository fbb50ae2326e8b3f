// The application around the screen, by Penpal: it hears that the screen is there, what was connected, and that it closes.

import { connectToParent } from "penpal";

/** What the application's SDK can be told. */
interface Methods {
  handshake(): void;
  onSuccess?(connection: object): void;
  close(): void;
}

export interface Parent {
  /** Hands the connection over, if there is one, and closes the screen. */
  leave(connection?: object): Promise<void>;
}

/** Finds the application. The SDK waits for the handshake for three seconds. */
export async function findParent(origin?: string): Promise<Parent> {
  const connection = connectToParent<any>({ parentOrigin: origin ?? "*" });
  const methods = (await connection.promise) as unknown as Methods;
  await methods.handshake();
  return {
    async leave(connected) {
      // The application may have closed the screen by itself once it has the connection.
      const told = connected && methods.onSuccess ? methods.onSuccess(connected) : undefined;
      await Promise.race([told, pause(1000)]);
      methods.close();
    },
  };
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
