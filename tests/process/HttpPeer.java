// Java's own client against a server: HTTP/2 preferred, then HTTP/1.1 as it is answered.
// java HttpPeer.java http://127.0.0.1:PORT TOKEN BODY prints a line for each answer.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

class HttpPeer {
  public static void main(String[] args) throws Exception {
    String origin = args[0];
    String token = "Bearer " + args[1];
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
    ask(client, origin + "/v1/needs", token, "GET", "");
    ask(client, origin + "/v1/needs", token, "POST", args[2]);
    ask(client, origin + "/v1/needs", token, "HEAD", "");
    ask(client, origin + "/v1/nothing", token, "GET", "");
    for (int i = 0; i < 10; i++) ask(client, origin + "/v1/policy", token, "GET", "");
    watch(client, origin.replace("http://", "ws://") + "/v1/watch?after=0", token);
  }

  static void ask(HttpClient client, String url, String token, String method, String body)
      throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(url))
        .header("Authorization", token)
        .header("Content-Type", "application/json")
        .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
        .build();
    var answer = client.send(request, BodyHandlers.ofString());
    String size = answer.body().isEmpty() ? "empty" : "body";
    System.out.println(method + " " + answer.statusCode() + " " + answer.version() + " " + size);
  }

  static void watch(HttpClient client, String url, String token) throws Exception {
    var first = new CompletableFuture<String>();
    WebSocket socket = client.newWebSocketBuilder()
        .header("Authorization", token)
        .buildAsync(URI.create(url), new WebSocket.Listener() {
          @Override
          public CompletionStage<?> onText(WebSocket from, CharSequence text, boolean last) {
            first.complete(text.toString());
            return null;
          }
        })
        .get(20, TimeUnit.SECONDS);
    System.out.println("WATCH " + (first.get(20, TimeUnit.SECONDS).contains("\"seq\":\"1\"")));
    socket.abort();
  }
}
