#include "server/app/config.h"

namespace qiao {

namespace {

// Where the database is, where the server listens, and what fills an empty city.
void declare_start(CLI::App& app, Config& c) {
  app.set_config("--config", "", "Read options from this file (TOML or INI: name = value)")
      ->envname("QIAO_CONFIG");
  app.add_option("--data", c.data, "Folder of the database; created if it does not exist")
      ->envname("QIAO_DATA")
      ->capture_default_str();
  app.add_option("--key", c.key,
                 "File with the master key of personal data; created with a new database. "
                 "By default DATA.key")
      ->envname("QIAO_KEY");
  app.add_flag("--accept-loss", c.accept_loss,
               "Start although the journal lost changes that were answered, without them; use it "
               "once, after checking the files and the backups")
      ->envname("QIAO_ACCEPT_LOSS");
  app.add_option("--address", c.server.address,
                 "Address to listen on; any but loopback requires a certificate, or --plain-http")
      ->envname("QIAO_ADDRESS")
      ->capture_default_str();
  app.add_option("--port", c.server.port, "Port for HTTP and WebSocket; 0: any free one")
      ->envname("QIAO_PORT")
      ->capture_default_str();
  app.add_option("--taxonomy", c.taxonomy,
                 "Taxonomy of an empty city (JSON); by default the built-in one")
      ->envname("QIAO_TAXONOMY");
  app.add_option("--policy", c.policy,
                 "Policy of an empty city (JSON); by default the built-in one")
      ->envname("QIAO_POLICY");
  app.add_option("--load", c.load,
                 "Fill an empty database with this history (JSON lines, as qiao-sim generate "
                 "writes them), or continue a load")
      ->envname("QIAO_LOAD");
}

// How the server is reached, and what the console is told.
void declare_front(CLI::App& app, Config& c) {
  app.add_option("--tls-certificate", c.server.certificate,
                 "Certificate chain (PEM); read again on SIGHUP")
      ->envname("QIAO_TLS_CERTIFICATE");
  app.add_option("--tls-key", c.server.private_key, "Private key of the certificate (PEM)")
      ->envname("QIAO_TLS_KEY");
  app.add_flag("--plain-http", c.plain_http,
               "Allow unencrypted HTTP on any address: only behind a proxy that encrypts")
      ->envname("QIAO_PLAIN_HTTP");
  app.add_flag("--behind-proxy", c.server.behind_proxy,
               "Trust X-Forwarded-For and X-Forwarded-Proto of a proxy in front")
      ->envname("QIAO_BEHIND_PROXY");
  app.add_option("--public-url", c.public_url,
                 "Public address of the server, e.g. https://qiao.example.cn; for links")
      ->envname("QIAO_PUBLIC_URL");
  app.add_option("--web", c.web,
                 "Folder of the console as built by npm; by default the one beside the program")
      ->envname("QIAO_WEB");
  app.add_option("--map-tiles", c.map_tiles,
                 "Tiles for the console's maps, e.g. https://tiles.example.cn/{z}/{x}/{y}.png; "
                 "by default a map without tiles")
      ->envname("QIAO_MAP_TILES");
  app.add_flag("--demo", c.demo, "Create accounts with a public password; loopback only")
      ->envname("QIAO_DEMO");
}

// Sessions, the limits of who sends requests, an outside identity provider.
void declare_access(CLI::App& app, Config& c) {
  app.add_option("--session-hours", c.session_hours, "Lifetime of a session, in hours")
      ->envname("QIAO_SESSION_HOURS")
      ->capture_default_str()
      ->check(CLI::Range(0.02, 8760.0));
  app.add_option("--write-rate", c.gate.writes_per_second,
                 "Average number of changes per second of one account; 0: no limit")
      ->envname("QIAO_WRITE_RATE")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e9));
  app.add_option("--write-burst", c.gate.writes_burst, "Changes of one account at once")
      ->envname("QIAO_WRITE_BURST")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 1e9));
  app.add_option("--time-share", c.gate.time_share,
                 "Share of the market thread's time that one account, and one address, may use in "
                 "the long run; 0: no limit")
      ->envname("QIAO_TIME_SHARE")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--time-burst", c.gate.time_burst,
                 "Seconds of the market thread's time that one account, and one address, may use "
                 "at once")
      ->envname("QIAO_TIME_BURST")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 3600.0));
  app.add_option("--log-in-rate", c.gate.log_ins_per_minute,
                 "Log-ins per minute from one address; 0: no limit")
      ->envname("QIAO_LOG_IN_RATE")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--reveal-rate", c.gate.contacts_per_day,
                 "Needs a day that one team, with its branches, may claim or see the contact of; "
                 "0: no limit")
      ->envname("QIAO_REVEAL_RATE")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--oidc-issuer", c.gate.identity_provider.issuer,
                 "Outside identity provider: the issuer of its tokens")
      ->envname("QIAO_OIDC_ISSUER");
  app.add_option("--oidc-audience", c.gate.identity_provider.audience,
                 "Outside identity provider: the audience of its tokens")
      ->envname("QIAO_OIDC_AUDIENCE");
  app.add_option("--oidc-keys", c.gate.identity_provider.keys,
                 "Outside identity provider: its key set (JWKS), a file or an https address")
      ->envname("QIAO_OIDC_KEYS");
}

// How many connections, and how many bytes.
void declare_sizes(CLI::App& app, Config& c) {
  app.add_option("--max-connections", c.server.max_connections, "HTTP connections at a time")
      ->envname("QIAO_MAX_CONNECTIONS")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--max-connections-per-address", c.server.max_connections_per_address,
                 "HTTP connections of one address at a time; behind a proxy: concurrent requests "
                 "of one client; 0: a quarter of all, at least 64")
      ->envname("QIAO_MAX_CONNECTIONS_PER_ADDRESS")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--max-watchers", c.feed.max_watchers, "WebSocket watchers at a time")
      ->envname("QIAO_MAX_WATCHERS")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--max-watchers-per-address", c.feed.max_watchers_per_address,
                 "WebSocket watchers of one address at a time; 0: a quarter of all, at least 64")
      ->envname("QIAO_MAX_WATCHERS_PER_ADDRESS")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--max-header", c.server.max_header_bytes, "Bytes of a request's header")
      ->envname("QIAO_MAX_HEADER")
      ->capture_default_str()
      ->check(CLI::Range(1024, 1 << 20));
  app.add_option("--max-body", c.server.max_body_bytes, "Bytes of a request's body")
      ->envname("QIAO_MAX_BODY")
      ->capture_default_str()
      ->check(CLI::Range(1024, 1 << 30));
  app.add_option("--max-import", c.server.max_import_bytes,
                 "Bytes of a file that is sent to POST /v1/imports")
      ->envname("QIAO_MAX_IMPORT")
      ->capture_default_str()
      ->check(CLI::Range(1024, 1 << 30));
  app.add_option("--max-batch", c.server.max_batch_bytes, "Bytes of the body of POST /v1/batch")
      ->envname("QIAO_MAX_BATCH")
      ->capture_default_str()
      ->check(CLI::Range(1024, 1 << 30));
}

// What runs in the background, and time limits.
void declare_times(CLI::App& app, Config& c) {
  app.add_option("--background", c.background,
                 "Clear on schedule and notify parties, as the policy says; false: only on request")
      ->envname("QIAO_BACKGROUND")
      ->capture_default_str();
  app.add_option("--timeout", c.timeout,
                 "Seconds for receiving a request, sending a response, or an idle connection")
      ->envname("QIAO_TIMEOUT")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600));
  app.add_option("--drain", c.drain, "Seconds for running requests when stopping")
      ->envname("QIAO_DRAIN")
      ->capture_default_str()
      ->check(CLI::Range(0, 600));
  app.add_option("--slow-watcher", c.slow,
                 "Seconds a watcher may take for one event before it is dropped")
      ->envname("QIAO_SLOW_WATCHER")
      ->capture_default_str()
      ->check(CLI::Range(1, 600));
}

}  // namespace

void declare(CLI::App& app, Config& c) {
  declare_start(app, c);
  declare_front(app, c);
  declare_access(app, c);
  app.add_option("--backups", c.backups,
                 "Folder in which POST /v1/backups makes copies; by default DATA-backups")
      ->envname("QIAO_BACKUPS");
  declare_sizes(app, c);
  declare_times(app, c);
}

}  // namespace qiao
