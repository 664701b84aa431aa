import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** Prints what this seller makes of known inputs, a line each, for the test that knows the published vectors. */
final class Vectors {
    public static void main(String[] arguments) throws Exception {
        String key = arguments[0];
        String iv = arguments[1];
        String plain = arguments[2];
        System.out.println(hex(Security.aesKey(key, 128)));
        System.out.println(hex(Security.aesKey(key, 256)));
        for (String encryptType : new String[] {"2", "1"}) {
            String field = Security.encrypt(plain, key, encryptType, iv);
            if (!Security.decrypt(field, key, encryptType).equals(plain)) {
                throw new IllegalStateException("it does not read what it writes");
            }
            System.out.println(field);
        }
        Map<String, String> parameters = new HashMap<>();
        for (String pair : arguments[3].split("&")) {
            String[] parts = pair.split("=", 2);
            parameters.put(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
        }
        System.out.println(Security.authToken(parameters, key));
        System.out.println(Security.bodySign(arguments[4].getBytes(StandardCharsets.UTF_8), key));
    }

    private static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte one : bytes) text.append(String.format("%02x", one));
        return text.toString();
    }
}
