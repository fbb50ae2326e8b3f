require "cgi"
require "erb"
require "json"
require "jwt" # gem install jwt
require "net/http"
require "webrick" # gem install webrick

LINKSPAN = ENV.fetch("LINKSPAN_URL", "http://127.0.0.1:9000")
SECRET = ENV.fetch("LINKSPAN_SECRET", (["local-demo-secret"] * 4).join("-"))
PORT = ENV.fetch("PORT", "3000")

# Says who the customer is, signed with the workspace's secret.
def token(customer)
  JWT.encode({ iss: "demo", exp: Time.now.to_i + 600 }.merge(customer), SECRET, "HS256")
end

# Asks Linkspan with the customer's own token.
def get(path, customer)
  Net::HTTP.get_response(URI(LINKSPAN + path), { "Authorization" => "Bearer #{token(customer)}" })
end

def start_page(customer)
  payload = {
    integrationKey: "demo-oauth2",
    token: token(customer),
    redirectUri: "http://localhost:#{PORT}/connected",
  }
  <<~HTML
    <form method="post" action="#{LINKSPAN}/connection-popup">
    <input type="hidden" name="payload" value="#{CGI.escapeHTML(payload.to_json)}">
    <button>Connect Demo CRM</button></form>
  HTML
end

def result_page(parameters, customer)
  return "Not connected: #{CGI.escapeHTML(parameters["error"].to_s)}" unless parameters["connectionId"]

  # Never trust the address: this is the customer's connection if Linkspan says so.
  path = "/connections/#{ERB::Util.url_encode(parameters["connectionId"])}"
  connection = get(path, customer)
  return "Not your connection." if connection.is_a?(Net::HTTPNotFound)

  # The CRM's own API, by a request to which Linkspan adds the credentials.
  user = get("#{path}/proxy/me", customer)
  return "The CRM does not answer." unless [connection, user].all?(Net::HTTPSuccess)

  CGI.escapeHTML("Connected: #{JSON.parse(connection.body)["name"]}, as #{JSON.parse(user.body)["name"]}")
end

server = WEBrick::HTTPServer.new(
  BindAddress: "localhost", Port: PORT, AccessLog: [], Logger: WEBrick::Log.new(nil, WEBrick::Log::WARN),
  StartCallback: -> { puts "http://localhost:#{PORT}"; $stdout.flush }
)
server.mount_proc "/" do |request, response|
  customer = { id: "customer-1", name: "Ada Lovelace" } # from your session
  response["Content-Type"] = "text/html; charset=utf-8"
  response.body = request.path == "/connected" ? result_page(request.query, customer) : start_page(customer)
end
trap("TERM") { server.shutdown }
server.start
