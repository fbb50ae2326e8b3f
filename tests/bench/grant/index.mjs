// The same work with npm's grant, as a careful Node team would write it: one client, made once; sessions in DynamoDB
// with an expiry; state and PKCE; the tokens kept in the session and not sent through the browser.
import { DynamoDBClient, DeleteItemCommand, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import grant from "grant";

const dynamodb = new DynamoDBClient({});
const table = process.env.TABLE_FLOWS;

// What grant asks of a session store.
const store = {
  async get(sid) {
    const { Item } = await dynamodb.send(
      new GetItemCommand({ TableName: table, Key: { pk: { S: sid } }, ConsistentRead: true }),
    );
    return Item && JSON.parse(Item.session.S);
  },
  async set(sid, session) {
    const ttl = Math.floor(Date.now() / 1000) + 900;
    const Item = { pk: { S: sid }, session: { S: JSON.stringify(session) }, ttl: { N: String(ttl) } };
    await dynamodb.send(new PutItemCommand({ TableName: table, Item }));
  },
  async remove(sid) {
    await dynamodb.send(new DeleteItemCommand({ TableName: table, Key: { pk: { S: sid } } }));
  },
};

const connect = grant.aws({
  config: {
    demo: {
      oauth: 2,
      authorize_url: process.env.AUTHORIZE_URL,
      access_url: process.env.ACCESS_URL,
      redirect_uri: process.env.REDIRECT_URI,
      key: process.env.CLIENT_ID,
      secret: process.env.CLIENT_SECRET,
      scope: ["profile", "contacts"],
      scope_delimiter: " ",
      state: true,
      pkce: true,
      transport: "session",
      callback: process.env.CONNECTED_URL,
      response: ["tokens", "raw"],
    },
  },
  session: {
    secret: process.env.SESSION_SECRET,
    cookie: { path: "/", httpOnly: true, secure: true, sameSite: "lax", maxAge: 900 },
    store,
  },
});

export async function handler(event) {
  const { redirect } = await connect(event);
  return redirect ?? { statusCode: 404, body: "" };
}
