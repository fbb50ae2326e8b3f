// Names for the generated types of the OpenAPI document (openapi.ts, by `npm run types`).

import type { components, operations } from "./openapi.js";

export type Schemas = components["schemas"];
export type Connection = Schemas["Connection"];
export type Integration = Schemas["Integration"];
export type ConnectionRequest = Schemas["ConnectionRequest"];
export type Attempt = Schemas["Attempt"];
/** Whom a token speaks for: a customer, or whoever manages the workspace. */
export type Self = Schemas["Customer"] | Schemas["Manager"];

type Query<Operation extends keyof operations> = NonNullable<operations[Operation]["parameters"]["query"]>;

/** A list's parameters. The cursor is the iteration's own; what is yes or no in a query is a boolean here. */
export type Filter<Operation extends keyof operations> = {
  [Name in keyof Query<Operation> as Exclude<Name, "cursor">]: "true" extends Query<Operation>[Name]
    ? string extends Query<Operation>[Name]
      ? Query<Operation>[Name]
      : boolean
    : Query<Operation>[Name];
};
