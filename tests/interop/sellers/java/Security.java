import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.crypto.Cipher;
import javax.crypto.KeyGenerator;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** The protections of SaaS 1.0 as the public Java samples write them: TreeMap, HmacSHA256, SHA1PRNG (saas-v1-license A1). */
final class Security {
    private static final String LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private static final int IV_LENGTH = 16;
    private static final SecureRandom RANDOM = new SecureRandom();

    private Security() {}

    static String base64Hmac(String key, byte[] data) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return Base64.getEncoder().encodeToString(mac.doFinal(data));
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** A1.2, over decoded values. */
    static String authToken(Map<String, String> parameters, String key) {
        TreeMap<String, String> sorted = new TreeMap<>(parameters);
        sorted.remove("authToken");
        String joined = sorted.entrySet().stream()
            .map(one -> one.getKey() + "=" + one.getValue())
            .collect(Collectors.joining("&"));
        String time = parameters.getOrDefault("timeStamp", "");
        return base64Hmac(key + time, joined.getBytes(StandardCharsets.UTF_8));
    }

    static boolean isAuthentic(Map<String, String> parameters, String key) {
        byte[] given = parameters.getOrDefault("authToken", "").getBytes(StandardCharsets.UTF_8);
        return MessageDigest.isEqual(given, authToken(parameters, key).getBytes(StandardCharsets.UTF_8));
    }

    /** A1.3, over the very bytes that are sent. */
    static String bodySign(byte[] body, String key) {
        return "sign_type=\"HMAC-SHA256\", signature= \"" + base64Hmac(key, body) + "\"";
    }

    /** A1.4: the generator itself, not a formula for it. */
    static byte[] aesKey(String key, int bits) throws GeneralSecurityException {
        SecureRandom random = SecureRandom.getInstance("SHA1PRNG");
        random.setSeed(key.getBytes(StandardCharsets.UTF_8));
        KeyGenerator generator = KeyGenerator.getInstance("AES");
        generator.init(bits, random);
        SecretKey made = generator.generateKey();
        return made.getEncoded();
    }

    static String randomIv() {
        StringBuilder iv = new StringBuilder();
        for (int i = 0; i < IV_LENGTH; i++) iv.append(LETTERS.charAt(RANDOM.nextInt(LETTERS.length())));
        return iv.toString();
    }

    static String encrypt(String plain, String key, String encryptType, String iv) throws GeneralSecurityException {
        byte[] ciphered = cipher(Cipher.ENCRYPT_MODE, key, encryptType, iv).doFinal(plain.getBytes(StandardCharsets.UTF_8));
        return iv + Base64.getEncoder().encodeToString(ciphered);
    }

    /** Throws for what was not encrypted so. */
    static String decrypt(String field, String key, String encryptType) throws GeneralSecurityException {
        if (field.length() <= IV_LENGTH) throw new GeneralSecurityException("too short");
        Cipher cipher = cipher(Cipher.DECRYPT_MODE, key, encryptType, field.substring(0, IV_LENGTH));
        byte[] plain = cipher.doFinal(Base64.getDecoder().decode(field.substring(IV_LENGTH)));
        return new String(plain, StandardCharsets.UTF_8);
    }

    private static Cipher cipher(int mode, String key, String encryptType, String iv) throws GeneralSecurityException {
        int bits = encryptType.equals("2") ? 128 : 256;
        Cipher cipher = Cipher.getInstance("AES/CBC/PKCS5Padding");
        byte[] first = iv.getBytes(StandardCharsets.US_ASCII);
        cipher.init(mode, new SecretKeySpec(aesKey(key, bits), "AES"), new IvParameterSpec(first));
        return cipher;
    }
}
