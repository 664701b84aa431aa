import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.ResolverStyle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** What the seller does when it is asked, the instances in memory (saas-v1-license A2, A3). One request at a time. */
final class Instances {
    static final class Refusal extends Exception {
        private static final long serialVersionUID = 1;
        final String code;

        Refusal(String code, String message) {
            super(message);
            this.code = code;
        }
    }

    static final class Instance {
        final String id;
        final String userName;
        final String password;
        String state = "active";
        String skuCode = "";

        Instance(String id) {
            this.id = id;
            userName = "管理员-" + id.substring(0, Math.min(8, id.length()));
            password = "Öffne-" + Long.toString(new SecureRandom().nextLong() >>> 1, 36);
        }
    }

    private static final DateTimeFormatter TIME =
        DateTimeFormatter.ofPattern("uuuuMMddHHmmss").withResolverStyle(ResolverStyle.STRICT);
    // orderId of expire and release is mandatory in the tables and missing in the printed samples.
    private static final Map<String, List<String>> MANDATORY = Map.of(
        "newInstance", List.of("customerId", "businessId", "orderId", "productId"),
        "refreshInstance", List.of("instanceId", "orderId", "expireTime"),
        "expireInstance", List.of("instanceId"),
        "releaseInstance", List.of("instanceId"),
        "instanceStatus", List.of("instanceId", "instanceStatus"),
        "upgrade", List.of("instanceId", "orderId", "skuCode", "productId"),
        "queryInstance", List.of("instanceId"));

    private final String key;
    private final String encryptType;
    private final Consumer<Map<String, Object>> tell;
    private final Map<String, Instance> byId = new HashMap<>();
    private final Map<String, Instance> byOrder = new HashMap<>();
    private final Set<String> doneUpgrades = new HashSet<>();

    /** {@code encryptType} is what was chosen at publication; {@code tell} hears of everything that really happens. */
    Instances(String key, String encryptType, Consumer<Map<String, Object>> tell) {
        this.key = key;
        this.encryptType = encryptType;
        this.tell = tell;
    }

    /** Members of the answer beyond resultCode and resultMsg. */
    synchronized Map<String, Object> answer(Map<String, String> asked) throws Refusal, GeneralSecurityException {
        String activity = asked.getOrDefault("activity", "");
        if (!MANDATORY.containsKey(activity)) throw new Refusal("000002", "activity is unknown");
        for (String name : MANDATORY.get(activity)) {
            if (asked.getOrDefault(name, "").isEmpty()) throw new Refusal("000002", name + " is missing");
        }
        boolean isTest = "1".equals(asked.get("testFlag"));
        if (activity.equals("newInstance")) return create(asked, isTest);
        if (activity.equals("queryInstance")) return query(asked, isTest);
        if (activity.equals("refreshInstance")) checkTime(asked.get("expireTime"));
        if (activity.equals("instanceStatus") && !Set.of("FREEZE", "NORMAL").contains(asked.get("instanceStatus"))) {
            throw new Refusal("000002", "instanceStatus is FREEZE or NORMAL");
        }
        if (!isTest) change(activity, asked);
        return Map.of();
    }

    private Map<String, Object> create(Map<String, String> asked, boolean isTest) throws Refusal, GeneralSecurityException {
        String mobilePhone = clear(asked, "mobilePhone");
        String email = clear(asked, "email");
        // One order pays for several metered items; elsewhere orderId alone says what is the same (A2.2).
        String order = asked.get("orderId") + ("0".equals(asked.get("chargingMode")) ? " " + asked.get("productId") : "");
        Instance instance = byOrder.get(order);
        if (isTest) return created(instance == null ? new Instance(asked.get("businessId")) : instance);
        Map<String, Object> facts = new LinkedHashMap<>(asked);
        if (instance == null) {
            instance = new Instance(asked.get("businessId"));
            byOrder.put(order, instance);
            byId.put(instance.id, instance);
            facts.put("event", "created");
            facts.put("mobilePhone", mobilePhone);
            facts.put("email", email);
            facts.put("userName", instance.userName);
            facts.put("password", instance.password);
        } else {
            facts.put("event", "repeated");
        }
        facts.put("instanceId", instance.id);
        tell.accept(facts);
        return created(instance);
    }

    private Map<String, Object> query(Map<String, String> asked, boolean isTest) throws Refusal, GeneralSecurityException {
        List<String> ids = Arrays.asList(asked.get("instanceId").split(",", -1));
        if (ids.size() > 100) throw new Refusal("000002", "more than 100 instances");
        List<Object> info = new ArrayList<>();
        for (String id : ids) {
            Instance instance = isTest ? new Instance(id) : living(id);
            info.add(Map.of("instanceId", id, "appInfo", appInfo(instance)));
        }
        return Map.of("encryptType", encryptType, "info", info);
    }

    private void change(String activity, Map<String, String> asked) throws Refusal {
        Instance instance = byId.get(asked.get("instanceId"));
        boolean isGone = instance != null && instance.state.equals("released");
        if (isGone && activity.equals("releaseInstance")) return;
        instance = living(asked.get("instanceId"));
        switch (activity) {
            case "refreshInstance": instance.state = "active"; break;
            case "expireInstance": instance.state = "frozen"; break;
            case "releaseInstance": instance.state = "released"; break;
            case "instanceStatus": instance.state = asked.get("instanceStatus").equals("FREEZE") ? "frozen" : "active"; break;
            default: if (doneUpgrades.add(asked.get("orderId"))) instance.skuCode = asked.get("skuCode");
        }
        Map<String, Object> facts = new LinkedHashMap<>(asked);
        facts.put("event", activity);
        tell.accept(facts);
    }

    private Instance living(String id) throws Refusal {
        Instance instance = byId.get(id);
        if (instance == null || instance.state.equals("released")) throw new Refusal("000003", "no such instance");
        return instance;
    }

    private Map<String, Object> created(Instance instance) throws GeneralSecurityException {
        return Map.of("encryptType", encryptType, "instanceId", instance.id, "appInfo", appInfo(instance));
    }

    private Map<String, Object> appInfo(Instance instance) throws GeneralSecurityException {
        return Map.of(
            "frontEndUrl", "https://java.example/app",
            "adminUrl", "https://java.example/admin",
            "userName", Security.encrypt(instance.userName, key, encryptType, Security.randomIv()),
            "password", Security.encrypt(instance.password, key, encryptType, Security.randomIv()),
            "memo", "首次登录后请修改密码。");
    }

    private String clear(Map<String, String> asked, String name) throws Refusal {
        String field = asked.getOrDefault(name, "");
        if (field.isEmpty()) return "";
        try {
            return Security.decrypt(field, key, encryptType);
        } catch (GeneralSecurityException | IllegalArgumentException wrong) {
            throw new Refusal("000002", name + " cannot be decrypted");
        }
    }

    private static void checkTime(String text) throws Refusal {
        try {
            if (!text.matches("\\d{14}(\\d{3})?")) throw new DateTimeException("14 digits, or 17 with milliseconds (G)");
            LocalDateTime.parse(text.substring(0, 14), TIME);
        } catch (DateTimeException wrong) {
            throw new Refusal("000002", "expireTime is not yyyyMMddHHmmss");
        }
    }
}
