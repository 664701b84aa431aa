// A right SaaS 2.0 seller in Java, without the kit: a thread for each connection, its own code for every rule.
// (com.sun.net.httpserver writes Body-sign, whatever it is told.)
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class JavaSeller {
    private static final String KEY = System.getenv("SELLER_KEY");
    private static final Set<String> SCENES =
        Set.of("TRIAL_TO_FORMAL", "RENEWAL", "UNSUBSCRIBE_RENEWAL_PERIOD", "RENEWAL_CHANGE");
    private static final Set<String> seen = ConcurrentHashMap.newKeySet();
    private static final Map<String, String> orders = new ConcurrentHashMap<>();
    private static final Map<String, String> states = new ConcurrentHashMap<>();

    static class Refused extends Exception {
        Refused(String code) {
            super(code);
        }
    }

    public static void main(String[] arguments) throws IOException {
        ServerSocket listener = new ServerSocket(0, 256, InetAddress.getLoopbackAddress());
        ExecutorService threads = Executors.newCachedThreadPool();
        System.out.println(listener.getLocalPort());
        while (true) {
            Socket connection = listener.accept();
            threads.execute(() -> serve(connection));
        }
    }

    /** As many requests as come on one connection, until one asks for its end or 5 s pass. */
    private static void serve(Socket connection) {
        try (connection) {
            connection.setSoTimeout(5000);
            connection.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(connection.getInputStream());
            for (String first = line(in); !first.isEmpty(); first = line(in)) {
                int length = 0;
                boolean last = false;
                for (String header = line(in); !header.isEmpty(); header = line(in)) {
                    String[] parts = header.toLowerCase().split(":", 2);
                    length = parts[0].equals("content-length") ? Integer.parseInt(parts[1].strip()) : length;
                    last |= parts[0].equals("connection") && parts[1].strip().equals("close");
                }
                byte[] body = in.readNBytes(length);
                String url = first.split(" ")[1];
                reply(connection, url.contains("?") ? url.substring(url.indexOf('?') + 1) : "", body, last);
                if (last) {
                    return;
                }
            }
        } catch (IOException over) {
            // Closed, or idle for too long.
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
            line.append((char) next);
        }
        return line.toString().strip();
    }

    private static void reply(Socket connection, String query, byte[] body, boolean last) throws IOException {
        String said;
        try {
            said = act(authentic(query, body));
        } catch (Refused refused) {
            said = answer(refused.getMessage(), "");
        }
        byte[] out = said.getBytes(StandardCharsets.UTF_8);
        String head = "HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\nBody-Sign: sign_type=\"HMAC-SHA256\", signature=\""
            + Base64.getEncoder().encodeToString(mac(out)) + "\"\r\nContent-Length: " + out.length + "\r\n" + (last ? "Connection: close\r\n" : "") + "\r\n";
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        whole.write(head.getBytes(StandardCharsets.ISO_8859_1));
        whole.write(out);
        connection.getOutputStream().write(whole.toByteArray());
    }

    private static byte[] mac(byte[] text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(KEY.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return mac.doFinal(text);
        } catch (java.security.GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static Map<String, String> authentic(String query, byte[] body) throws Refused {
        Map<String, String> given = new HashMap<>();
        for (String pair : query == null ? new String[0] : query.split("&")) {
            String[] parts = pair.split("=", 2);
            given.putIfAbsent(parts[0], parts.length < 2 ? "" : URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
        }
        String stamp = given.getOrDefault("timestamp", "");
        String nonce = given.getOrDefault("nonce", "");
        if (!stamp.matches("[0-9]{1,15}") || Math.abs(System.currentTimeMillis() - Long.parseLong(stamp)) > 60000 || nonce.isEmpty()) {
            throw new Refused("000002");
        }
        String inner = HexFormat.of().formatHex(mac(body));
        String right = HexFormat.of().formatHex(mac((KEY + nonce + stamp + inner).getBytes(StandardCharsets.UTF_8)));
        if (!right.equalsIgnoreCase(given.get("signature")) || !seen.add(nonce)) {
            throw new Refused("000001");
        }
        return new Members(new String(body, StandardCharsets.UTF_8)).read();
    }

    /** The texts of one JSON object; other values are passed over. */
    private static final class Members {
        private final String text;
        private int at;

        Members(String text) {
            this.text = text;
        }

        Map<String, String> read() throws Refused {
            Map<String, String> members = new HashMap<>();
            expect('{');
            while (peek() != '}') {
                String name = string();
                expect(':');
                if (peek() == '"') {
                    members.put(name, string());
                } else {
                    value();
                }
                if (peek() == ',') {
                    at++;
                }
            }
            at++;
            if (!text.substring(at).isBlank()) {
                throw new Refused("000002");
            }
            return members;
        }

        private char peek() throws Refused {
            while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
                at++;
            }
            if (at == text.length()) {
                throw new Refused("000002");
            }
            return text.charAt(at);
        }

        private void expect(char wanted) throws Refused {
            if (peek() != wanted) {
                throw new Refused("000002");
            }
            at++;
        }

        private String string() throws Refused {
            expect('"');
            int from = at;
            while (at < text.length() && text.charAt(at) != '"') {
                at += text.charAt(at) == '\\' ? 2 : 1;
            }
            if (at >= text.length()) {
                throw new Refused("000002");
            }
            return text.substring(from, at++);
        }

        private void value() throws Refused {
            int depth = 0;
            do {
                char next = peek();
                if (next == '"') {
                    string();
                    continue;
                }
                depth += next == '{' || next == '[' ? 1 : next == '}' || next == ']' ? -1 : 0;
                at++;
            } while (depth > 0 || (peek() != ',' && peek() != '}'));
        }
    }

    private static String act(Map<String, String> members) throws Refused {
        boolean test = "1".equals(members.get("testFlag"));
        switch (members.getOrDefault("activity", "")) {
            case "newInstance": {
                String order = needed(members, "orderId") + " " + needed(members, "orderLineId");
                String business = needed(members, "businessId");
                String id = test ? business : orders.computeIfAbsent(order, any -> UUID.randomUUID().toString());
                if (!test) {
                    states.putIfAbsent(id, "active");
                }
                return answer("000000", ",\"instanceId\":\"" + id + "\"");
            }
            case "queryInstance": {
                StringBuilder info = new StringBuilder();
                for (String id : needed(members, "instanceId").split(",")) {
                    if (!test && !"active".equals(states.get(id))) {
                        throw new Refused("000003");
                    }
                    info.append(info.isEmpty() ? "" : ",").append("{\"instanceId\":\"").append(id)
                        .append("\",\"appInfo\":{\"frontEndUrl\":\"https://java.example.com/\",\"memo\":\"\\u5907\\u6ce8\"}}");
                }
                return answer("000000", ",\"info\":[" + info + "]");
            }
            case "refreshInstance":
                needed(members, "orderId");
                needed(members, "orderLineId");
                if (!SCENES.contains(needed(members, "scene")) || !isTime(needed(members, "expireTime"))) {
                    throw new Refused("000002");
                }
                break;
            case "updateInstanceStatus":
                if (!Set.of("FREEZE", "UNFREEZE").contains(needed(members, "status"))) {
                    throw new Refused("000002");
                }
                break;
            case "releaseInstance":
                return released(needed(members, "instanceId"), test);
            default:
                throw new Refused("000002");
        }
        String id = needed(members, "instanceId");
        if (!test && !"active".equals(states.get(id))) {
            throw new Refused("000003");
        }
        return answer("000000", "");
    }

    private static String released(String id, boolean test) throws Refused {
        if (!test && !states.containsKey(id)) {
            throw new Refused("000003");
        }
        if (!test) {
            states.put(id, "released");
        }
        return answer("000000", "");
    }

    private static boolean isTime(String text) {
        try {
            java.time.LocalDateTime.parse(text.substring(0, 14),
                java.time.format.DateTimeFormatter.ofPattern("uuuuMMddHHmmss").withResolverStyle(java.time.format.ResolverStyle.STRICT));
            return text.matches("[0-9]{14}([0-9]{3})?");
        } catch (RuntimeException unreadable) {
            return false;
        }
    }

    private static String needed(Map<String, String> members, String name) throws Refused {
        String value = members.getOrDefault(name, "");
        if (value.isBlank()) {
            throw new Refused("000002");
        }
        return value;
    }

    private static String answer(String code, String more) {
        return "{\"resultCode\":\"" + code + "\",\"resultMsg\":\"" + (code.equals("000000") ? "success" : "refused") + "\"" + more + "}";
    }
}
