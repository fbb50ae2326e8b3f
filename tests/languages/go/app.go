package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

var (
	linkspan = setting("LINKSPAN_URL", "http://127.0.0.1:9000")
	secret   = setting("LINKSPAN_SECRET", strings.TrimSuffix(strings.Repeat("local-demo-secret-", 4), "-"))
	port     = setting("PORT", "3000")
	client   = &http.Client{Timeout: 30 * time.Second}
)

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// asJSON is for values that always have a form in JSON.
func asJSON(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		log.Fatal(err)
	}
	return text
}

// token is a JWT that says who the customer is, signed with the workspace's secret. github.com/golang-jwt/jwt does the same.
func token(id, name string) string {
	encode := base64.RawURLEncoding.EncodeToString
	claims := map[string]any{"iss": "demo", "id": id, "name": name, "exp": time.Now().Add(10 * time.Minute).Unix()}
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(asJSON(claims))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

// get asks Linkspan with the customer's own token. What it and the demo provider answer has a name.
func get(path, token string) (status int, name string, err error) {
	request, err := http.NewRequest("GET", linkspan+path, nil)
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	var body struct{ Name string }
	err = json.NewDecoder(answer.Body).Decode(&body)
	return answer.StatusCode, body.Name, err
}

func startPage(token string) string {
	payload := asJSON(map[string]string{
		"integrationKey": "demo-oauth2",
		"token":          token,
		"redirectUri":    "http://localhost:" + port + "/connected",
	})
	return `<form method="post" action="` + linkspan + `/connection-popup">
		<input type="hidden" name="payload" value="` + html.EscapeString(string(payload)) + `">
		<button>Connect Demo CRM</button></form>`
}

func resultPage(parameters url.Values, token string) string {
	if !parameters.Has("connectionId") {
		return "Not connected: " + html.EscapeString(parameters.Get("error"))
	}
	// Never trust the address: this is the customer's connection if Linkspan says so.
	connection := "/connections/" + url.PathEscape(parameters.Get("connectionId"))
	status, name, err := get(connection, token)
	if status == http.StatusNotFound {
		return "Not your connection."
	}
	if err != nil || status != http.StatusOK {
		return "Linkspan does not answer."
	}
	// The CRM's own API, by a request to which Linkspan adds the credentials.
	status, user, err := get(connection+"/proxy/me", token)
	if err != nil || status != http.StatusOK {
		return "The CRM does not answer."
	}
	return html.EscapeString("Connected: " + name + ", as " + user)
}

func main() {
	http.HandleFunc("/", func(response http.ResponseWriter, request *http.Request) {
		token := token("customer-1", "Ada Lovelace") // from your session
		response.Header().Set("Content-Type", "text/html; charset=utf-8")
		if request.URL.Path == "/connected" {
			fmt.Fprint(response, resultPage(request.URL.Query(), token))
		} else {
			fmt.Fprint(response, startPage(token))
		}
	})
	listener, err := net.Listen("tcp", "localhost:"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("http://localhost:" + port)
	log.Fatal(http.Serve(listener, nil))
}
