// A certified OpenID provider (npm oidc-provider) with pages of its own, and a record of what arrived at it.

import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

import { answerPage, startSite } from "./site.mjs";

export const CLIENT = {
  client_id: "linkspan tests",
  // In a Basic header it survives only if both sides form-encode it (RFC 6749 §2.3.1).
  client_secret: "a:secret/with+100%&more =",
};

/**
 * Starts the provider on `http://localhost:…`: to a browser that is another site than the service's 127.0.0.1.
 *
 * It takes no requests before `register` has told it the client's redirect URIs: the service names them in its answer
 * to a definition, and the definition needs the provider's address.
 */
export async function startProvider() {
  let handle = (_request, response) => response.writeHead(503).end();
  const requests = [];
  const site = await startSite((request, response) => {
    requests.push({ method: request.method, url: new URL(request.url, site.origin) });
    handle(request, response);
  }, { name: "localhost" });

  return {
    issuer: site.origin,
    stop: site.stop,
    register(...redirectUris) {
      handle = application(site.origin, redirectUris);
    },
    /** What arrived at this path. */
    requestsTo: (path) => requests.filter(({ url }) => url.pathname === path),
    /** The config of an `oauth2` option. */
    config: () => ({
      clientId: CLIENT.client_id,
      clientSecret: CLIENT.client_secret,
      clientAuthLocation: "headers",
      scopes: ["openid", "email", "offline_access"],
      issuer: site.origin,
      authorizationResponseIssParameterSupported: true,
      authorizeUri: `${site.origin}/auth`,
      tokenUri: `${site.origin}/token`,
      // Without it an OpenID provider ignores offline_access (OpenID Connect Core §11).
      extra: { prompt: "consent" },
    }),
  };
}

/** An `oauth2` integration at the provider; the test call is its userinfo endpoint. */
export function integration(provider, name = "Certified provider") {
  return {
    name,
    baseUri: provider.issuer,
    authOptions: [{
      key: "oauth2",
      type: "oauth2",
      config: provider.config(),
      apiClient: { headers: { Authorization: "Bearer ${credentials.access_token}" } },
      test: { method: "GET", path: "/me" },
    }],
  };
}

function application(issuer, redirectUris) {
  const provider = new Provider(issuer, {
    clients: [{
      ...CLIENT,
      redirect_uris: redirectUris,
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "client_secret_basic",
    }],
    claims: { openid: ["sub"], email: ["email"] },
    cookies: { keys: ["a test's cookies"] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@provider.example` }) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    jwks: { keys: [signingKey()] },
    pkce: { required: () => true },
    ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 3600, IdToken: 3600, Interaction: 600, RefreshToken: 86400, Session: 3600 },
  });
  const serve = provider.callback();
  return async (request, response) => {
    if (!request.url.startsWith("/interaction/")) return serve(request, response);
    const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
    if (request.method === "GET") return answerPage(response, interactionPage(prompt.name, params));
    const form = await readForm(request);
    const result = form.has("abort")
      ? { error: "access_denied", error_description: "The user said <no>" }
      : prompt.name === "login"
        ? { login: { accountId: form.get("account") } }
        : { consent: { grantId: await grant(provider, grantId, session, params, prompt.details) } };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  };
}

function interactionPage(prompt, params) {
  const field = prompt === "login" ? `<label>Account <input name="account" value="ada"></label>` : "";
  return `<h1>${prompt === "login" ? "Sign in" : "Allow " + params.scope}</h1>
<form method="post">${field}<button>${prompt === "login" ? "Sign in" : "Allow"}</button>
<button name="abort" value="1">Cancel</button></form>`;
}

async function grant(provider, grantId, session, params, details) {
  const granted = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  granted.addOIDCScope((details.missingOIDCScope ?? []).join(" "));
  granted.addOIDCClaims(details.missingOIDCClaims ?? []);
  return granted.save();
}

async function readForm(request) {
  let body = "";
  for await (const chunk of request) body += chunk;
  return new URLSearchParams(body);
}

function signingKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "test" };
}
