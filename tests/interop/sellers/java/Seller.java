import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/**
 * A SaaS 1.0 seller's server. SELLER_KEY and SELLER_ENCRYPT_TYPE come from the environment; the first line that it prints
 * is its address, each further one is JSON about something that really happened.
 *
 * <p>It writes HTTP itself, since the JDK's com.sun.net.httpserver spells the header "Body-sign", which a market refuses
 * (A1.3). Servlet containers, in which such sellers run, keep the spelling.
 */
final class Seller {
    private final String key;
    private final Instances instances;

    private Seller(String key, String encryptType) {
        this.key = key;
        instances = new Instances(key, encryptType, facts -> {
            facts.remove("authToken");
            System.out.println(json(facts));
        });
    }

    public static void main(String[] arguments) throws IOException {
        String encryptType = System.getenv().getOrDefault("SELLER_ENCRYPT_TYPE", "1");
        Seller seller = new Seller(System.getenv("SELLER_KEY"), encryptType);
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try (ServerSocket server = new ServerSocket(0, 128, InetAddress.getLoopbackAddress())) {
            System.out.println("http://127.0.0.1:" + server.getLocalPort() + "/produce");
            while (true) {
                Socket connection = server.accept();
                threads.execute(() -> seller.serve(connection));
            }
        }
    }

    private void serve(Socket connection) {
        try (Socket open = connection) {
            InputStream input = new BufferedInputStream(open.getInputStream());
            String[] start = line(input).split(" ");
            long length = 0;
            for (String header = line(input); !header.isEmpty(); header = line(input)) {
                String[] parts = header.split(":", 2);
                if (parts[0].equalsIgnoreCase("Content-Length")) length = Long.parseLong(parts[1].trim());
            }
            input.skipNBytes(length);
            byte[] body = json(result(start[0], start[1])).getBytes(StandardCharsets.US_ASCII);
            String head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + body.length
                + "\r\nBody-Sign: " + Security.bodySign(body, key) + "\r\nConnection: close\r\n\r\n";
            open.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            open.getOutputStream().write(body);
        } catch (IOException caller) {
            System.err.println("the caller hung up: " + caller);
        }
    }

    private static String line(InputStream input) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = input.read(); next != '\n'; next = input.read()) {
            if (next < 0) throw new IOException("no whole request");
            if (next != '\r') line.append((char) next);
        }
        return line.toString();
    }

    private Map<String, Object> result(String method, String target) {
        Map<String, Object> members = new LinkedHashMap<>();
        try {
            if (!method.equals("GET")) throw new Instances.Refusal("000002", "GET only");
            Map<String, String> asked = parameters(target);
            if (!Security.isAuthentic(asked, key)) throw new Instances.Refusal("000001", "authToken is wrong");
            Map<String, Object> answered = instances.answer(asked);
            members.put("resultCode", "000000");
            members.put("resultMsg", "success.");
            members.putAll(answered);
        } catch (Instances.Refusal refusal) {
            members.put("resultCode", refusal.code);
            members.put("resultMsg", refusal.getMessage());
        } catch (Exception fault) {
            fault.printStackTrace();
            members.put("resultCode", "000005");
            members.put("resultMsg", "internal error");
        }
        return members;
    }

    /** Decoded once; the first of several values, as request.getParameter has it (A1.2). */
    private static Map<String, String> parameters(String target) {
        Map<String, String> found = new LinkedHashMap<>();
        int mark = target.indexOf('?');
        for (String pair : mark < 0 ? new String[0] : target.substring(mark + 1).split("&")) {
            String[] parts = pair.split("=", 2);
            String value = parts.length < 2 ? "" : URLDecoder.decode(parts[1], StandardCharsets.UTF_8);
            found.putIfAbsent(URLDecoder.decode(parts[0], StandardCharsets.UTF_8), value);
        }
        return found;
    }

    private static String json(Object value) {
        if (value instanceof Map) {
            return ((Map<?, ?>) value).entrySet().stream()
                .map(one -> json(one.getKey()) + ":" + json(one.getValue()))
                .collect(Collectors.joining(",", "{", "}"));
        }
        if (value instanceof List) {
            return ((List<?>) value).stream().map(Seller::json).collect(Collectors.joining(",", "[", "]"));
        }
        StringBuilder text = new StringBuilder("\"");
        for (char unit : value.toString().toCharArray()) {
            boolean isPlain = unit >= ' ' && unit <= '~' && unit != '"' && unit != '\\';
            text.append(isPlain ? String.valueOf(unit) : String.format("\\u%04x", (int) unit));
        }
        return text.append('"').toString();
    }
}
