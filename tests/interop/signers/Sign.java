// Signs and sends each request of standard input, written from the public description alone (openapi-jointkit §C.1).
// A line: method, query, headers, body; names and values in hexadecimal, "-" for nothing. The query travels as a form.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

class Sign {
    static final String PATH = "/api/mkp-openapi-public/global/v1/order/query";
    static final HexFormat HEX = HexFormat.of();

    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] fields = line.split(" ");
            byte[] body = fields[3].equals("-") ? new byte[0] : HEX.parseHex(fields[3]);
            HttpResponse<byte[]> answer = client.send(
                signed(fields[0], pairs(fields[1]), pairs(fields[2]), body), HttpResponse.BodyHandlers.ofByteArray());
            System.out.write(answer.body());
            System.out.println(" " + answer.statusCode());
        }
    }

    static HttpRequest signed(String method, List<String[]> query, List<String[]> headers, byte[] body) throws Exception {
        URI market = URI.create(System.getenv("MARKET"));
        String date = ZonedDateTime.now(ZoneOffset.UTC).format(DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'"));
        Map<String, String> values = new TreeMap<>(Map.of("host", market.getAuthority(), "x-sdk-date", date));
        List<String> form = new ArrayList<>();
        List<String[]> canonical = new ArrayList<>();
        for (String[] pair : query) {
            form.add(URLEncoder.encode(pair[0], StandardCharsets.UTF_8) + "=" + URLEncoder.encode(pair[1], StandardCharsets.UTF_8));
            canonical.add(new String[] {encoded(pair[0]), encoded(pair[1])});
        }
        canonical.sort((a, b) -> a[0].equals(b[0]) ? a[1].compareTo(b[1]) : a[0].compareTo(b[0]));
        HttpRequest.Builder request = HttpRequest.newBuilder(
            URI.create(market + PATH + (form.isEmpty() ? "" : "?" + String.join("&", form))));
        for (String[] header : headers) {
            request.header(header[0], header[1]);
            values.put(header[0].toLowerCase(), header[1].strip());
        }
        StringBuilder lines = new StringBuilder();
        values.forEach((name, value) -> lines.append(name).append(':').append(value).append('\n'));
        String names = String.join(";", values.keySet());
        String text = String.join("\n", method, PATH + "/",
            String.join("&", canonical.stream().map(pair -> pair[0] + "=" + pair[1]).toList()),
            lines, names, values.getOrDefault("x-sdk-content-sha256", sha256(body)));
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(System.getenv("SK").getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
        String toSign = "SDK-HMAC-SHA256\n" + date + "\n" + sha256(text.getBytes(StandardCharsets.UTF_8));
        String signature = HEX.formatHex(mac.doFinal(toSign.getBytes(StandardCharsets.UTF_8)));
        return request.header("X-Sdk-Date", date)
            .header("Authorization", "SDK-HMAC-SHA256 Access=" + System.getenv("AK") + ", SignedHeaders=" + names + ", Signature=" + signature)
            .method(method, body.length == 0 ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
    }

    static List<String[]> pairs(String field) {
        List<String[]> found = new ArrayList<>();
        for (String pair : field.equals("-") ? new String[0] : field.split("&")) {
            String[] sides = pair.split("=", -1);
            found.add(new String[] {text(sides[0]), text(sides[1])});
        }
        return found;
    }

    static String text(String hex) {
        return new String(HEX.parseHex(hex), StandardCharsets.UTF_8);
    }

    static String encoded(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20").replace("*", "%2A").replace("%7E", "~");
    }

    static String sha256(byte[] content) throws Exception {
        return HEX.formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    }
}
