// Linkspan for backends: tokens, starts, results, the REST API and the proxy.

export { Linkspan, type LinkspanOptions } from "./linkspan.js";
export { Session } from "./session.js";
export { Attempts, ConnectionRequests, Connections, Integrations } from "./resources.js";
export type { AttemptFilter, ConnectionFilter, NewConnectionRequest, TestResult } from "./resources.js";
export { StartForm, type Start } from "./start.js";
export type { ResultQuery } from "./result.js";
export type { ProxyFetch } from "./proxy.js";
export { LinkspanError, type ErrorKey, type ErrorType } from "./error.js";
export type { Algorithm, Customer, Scope, TokenLimits } from "./token.js";
export { WebhookError, verifyWebhook, type WebhookEvent, type WebhookHeaders } from "./webhook.js";
export type { Attempt, Connection, ConnectionRequest, Integration, Self } from "./types.js";
