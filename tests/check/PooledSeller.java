// A right SaaS 2.0 seller in Java, without the kit and without a library: a pool of threads.
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.ResolverStyle;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public final class PooledSeller {
    static final String KEY = System.getenv("SELLER_KEY");
    static final DateTimeFormatter TIME =
        DateTimeFormatter.ofPattern("uuuuMMddHHmmss").withResolverStyle(ResolverStyle.STRICT);
    static final Set<String> SCENES =
        Set.of("TRIAL_TO_FORMAL", "RENEWAL", "UNSUBSCRIBE_RENEWAL_PERIOD", "RENEWAL_CHANGE");
    static final Map<String, List<String>> NEEDED = Map.of(
        "newInstance", List.of("orderId", "orderLineId", "businessId"),
        "queryInstance", List.of("instanceId"),
        "refreshInstance", List.of("scene", "orderId", "orderLineId", "instanceId", "expireTime"),
        "updateInstanceStatus", List.of("instanceId", "status"),
        "releaseInstance", List.of("instanceId"));

    static final Set<String> nonces = ConcurrentHashMap.newKeySet();
    static final Map<String, String> orders = new ConcurrentHashMap<>();
    static final Map<String, String> states = new ConcurrentHashMap<>();

    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;

        Refused(String code) {
            super(code);
        }
    }

    static byte[] hmac(byte[] text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(KEY.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return mac.doFinal(text);
        } catch (java.security.GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    static void authenticate(Map<String, String> query, byte[] body) {
        String stamp = query.getOrDefault("timestamp", ""), nonce = query.getOrDefault("nonce", "");
        if (!stamp.matches("[0-9]{13}") || Math.abs(System.currentTimeMillis() - Long.parseLong(stamp)) > 60_000
            || nonce.isEmpty()) {
            throw new Refused("000002");
        }
        String inner = HexFormat.of().formatHex(hmac(body));
        String right = HexFormat.of().formatHex(hmac((KEY + nonce + stamp + inner).getBytes(StandardCharsets.UTF_8)));
        if (!right.equalsIgnoreCase(query.getOrDefault("signature", ""))) throw new Refused("000001");
        if (!nonces.add(nonce)) throw new Refused("000001");
    }

    static Map<String, Object> act(Map<String, Object> members) {
        List<String> needed = NEEDED.get(String.valueOf(members.get("activity")));
        if (needed == null) throw new Refused("000002");
        Map<String, String> asked = new HashMap<>();
        for (String name : needed) {
            if (!(members.get(name) instanceof String text) || text.isBlank()) throw new Refused("000002");
            asked.put(name, text);
        }
        boolean test = "1".equals(members.get("testFlag"));
        Map<String, Object> said = new LinkedHashMap<>();
        switch ((String) members.get("activity")) {
            case "newInstance" -> said.put("instanceId", create(asked, test));
            case "queryInstance" -> said.put("info", query(asked.get("instanceId").split(","), test));
            case "refreshInstance" -> {
                time(asked.get("expireTime"));
                if (!SCENES.contains(asked.get("scene"))) throw new Refused("000002");
                if (!test) living(asked.get("instanceId"));
            }
            case "updateInstanceStatus" -> {
                if (!Set.of("FREEZE", "UNFREEZE").contains(asked.get("status"))) throw new Refused("000002");
                if (!test) living(asked.get("instanceId"));
            }
            default -> {
                if (!test && states.replace(asked.get("instanceId"), "released") == null) throw new Refused("000003");
            }
        }
        return said;
    }

    static String create(Map<String, String> asked, boolean test) {
        if (test) return asked.get("businessId");
        String order = asked.get("orderId") + "\n" + asked.get("orderLineId");
        String id = orders.computeIfAbsent(order, unused -> asked.get("businessId"));
        states.putIfAbsent(id, "active");
        return id;
    }

    static void living(String id) {
        if (!"active".equals(states.get(id))) throw new Refused("000003");
    }

    static List<Object> query(String[] ids, boolean test) {
        List<Object> info = new ArrayList<>();
        for (String id : ids) {
            if (!test) living(id);
            Map<String, Object> app = new LinkedHashMap<>();
            app.put("frontEndUrl", "https://java.example.com/" + id + "?t=" + UUID.randomUUID());
            app.put("userName", "管理员-" + Math.abs(id.hashCode()));
            app.put("password", "p@ss+/" + UUID.nameUUIDFromBytes(id.getBytes(StandardCharsets.UTF_8)));
            info.add(new LinkedHashMap<>(Map.of("instanceId", id, "appInfo", app)));
        }
        return info;
    }

    static void time(String text) {
        if (!text.matches("[0-9]{14}([0-9]{3})?")) throw new Refused("000002");
        try {
            LocalDateTime.parse(text.substring(0, 14), TIME);
        } catch (DateTimeException wrong) {
            throw new Refused("000002");
        }
    }

    static byte[] answer(String target, byte[] body) {
        Map<String, Object> said = new LinkedHashMap<>(Map.of("resultCode", "000000"));
        said.put("resultMsg", "成功");
        try {
            Map<String, String> query = new HashMap<>();
            for (String pair : target.substring(target.indexOf('?') + 1).split("&")) {
                String[] parts = pair.split("=", 2);
                query.putIfAbsent(parts[0], parts.length > 1 ? URLDecoder.decode(parts[1], StandardCharsets.UTF_8) : "");
            }
            authenticate(query, body);
            said.putAll(act(new Json(new String(body, StandardCharsets.UTF_8)).object()));
        } catch (Refused refused) {
            said = new LinkedHashMap<>(Map.of("resultCode", refused.getMessage(), "resultMsg", "refused"));
        } catch (IllegalArgumentException unreadable) {
            said = new LinkedHashMap<>(Map.of("resultCode", "000002", "resultMsg", "cannot be read"));
        }
        return Json.write(said).getBytes(StandardCharsets.US_ASCII);
    }

    /** By hand: the JDK's own HTTP server writes the header as Body-sign. */
    static void serve(Socket socket) {
        try (socket; InputStream in = socket.getInputStream(); OutputStream out = socket.getOutputStream()) {
            String line = line(in);
            if (line.isEmpty()) return;
            String target = line.split(" ")[1];
            int length = 0;
            while (!(line = line(in)).isEmpty()) {
                String[] parts = line.split(":", 2);
                if (parts[0].equalsIgnoreCase("content-length")) length = Integer.parseInt(parts[1].trim());
            }
            byte[] said = answer(target, in.readNBytes(length));
            String sign = Base64.getEncoder().encodeToString(hmac(said));
            String head = "HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\n"
                + "Body-Sign: sign_type=\"HMAC-SHA256\", signature=\"" + sign + "\"\r\n"
                + "Content-Length: " + said.length + "\r\nConnection: close\r\n\r\n";
            out.write(head.getBytes(StandardCharsets.US_ASCII));
            out.write(said);
            out.flush();
        } catch (IOException gone) {
            // Nobody waits for the answer any more.
        }
    }

    static String line(InputStream in) throws IOException {
        StringBuilder found = new StringBuilder();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) if (c != '\r') found.append((char) c);
        return found.toString();
    }

    /** As much JSON as is needed: texts, numbers, words, objects, lists. */
    static final class Json {
        private final String text;
        private int at;

        Json(String text) {
            this.text = text;
        }

        Map<String, Object> object() {
            if (!(value() instanceof Map<?, ?> map) || next() != 0) throw new IllegalArgumentException("no object");
            Map<String, Object> found = new LinkedHashMap<>();
            map.forEach((name, value) -> found.put((String) name, value));
            return found;
        }

        private char next() {
            while (at < text.length() && Character.isWhitespace(text.charAt(at))) at++;
            return at < text.length() ? text.charAt(at) : 0;
        }

        private boolean take(char wanted) {
            if (next() != wanted) return false;
            at++;
            return true;
        }

        private void need(char wanted) {
            if (!take(wanted)) throw new IllegalArgumentException("not JSON");
        }

        private Object value() {
            if (take('{')) {
                Map<String, Object> found = new LinkedHashMap<>();
                if (take('}')) return found;
                do {
                    next();
                    String name = string();
                    need(':');
                    found.put(name, value());
                } while (take(','));
                need('}');
                return found;
            }
            if (take('[')) {
                List<Object> found = new ArrayList<>();
                if (take(']')) return found;
                do found.add(value());
                while (take(','));
                need(']');
                return found;
            }
            if (next() == '"') return string();
            int from = at;
            while (at < text.length() && "+-.".indexOf(text.charAt(at)) + 1 + (Character.isLetterOrDigit(text.charAt(at)) ? 1 : 0) > 0) at++;
            String word = text.substring(from, at);
            if (Set.of("true", "false", "null").contains(word)) return word;
            return Double.valueOf(word);
        }

        private String string() {
            need('"');
            StringBuilder found = new StringBuilder();
            while (at < text.length() && text.charAt(at) != '"') {
                char c = text.charAt(at++);
                if (c == '\\' && at < text.length()) {
                    char escaped = text.charAt(at++);
                    int place = "bfnrt".indexOf(escaped);
                    if (escaped == 'u' && at + 4 <= text.length()) {
                        c = (char) Integer.parseInt(text.substring(at, at += 4), 16);
                    } else {
                        c = place < 0 ? escaped : "\b\f\n\r\t".charAt(place);
                    }
                }
                found.append(c);
            }
            need('"');
            return found.toString();
        }

        static String write(Object value) {
            if (value instanceof Map<?, ?> map) {
                List<String> members = new ArrayList<>();
                map.forEach((name, member) -> members.add(write(name) + ": " + write(member)));
                return "{" + String.join(", ", members) + "}";
            }
            if (value instanceof List<?> list) return "[" + String.join(", ", list.stream().map(Json::write).toList()) + "]";
            StringBuilder out = new StringBuilder("\"");
            for (char c : String.valueOf(value).toCharArray()) {
                out.append(c < 0x20 || c > 0x7e || c == '"' || c == '\\' ? String.format("\\u%04x", (int) c) : String.valueOf(c));
            }
            return out.append('"').toString();
        }
    }

    public static void main(String[] arguments) throws IOException {
        ExecutorService threads = Executors.newFixedThreadPool(64);
        try (ServerSocket server = new ServerSocket(0, 256, InetAddress.getLoopbackAddress())) {
            System.out.println(server.getLocalPort());
            while (true) {
                Socket socket = server.accept();
                threads.execute(() -> serve(socket));
            }
        }
    }
}
