package athanor.nn.io;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// Names of parameters in widespread repositories, and torchvision's, which are ours. Each rule
/// replaces what it finds; they apply one after the other, and only where the name itself is not
/// known and the new one is.
final class ForeignNames {
    private record Rule(Pattern pattern, String replacement) {
        static Rule of(String pattern, String replacement) {
            return new Rule(Pattern.compile(pattern), replacement);
        }
    }

    private static final List<Rule> RULES =
            List.of(
                    // Wrappers: DataParallel, torch.compile, training scripts.
                    Rule.of("^((module|_orig_mod|model|net|network|backbone)\\.)+", ""),
                    // A shortcut (kuangliu's, akamaster's CIFAR networks).
                    Rule.of("\\.shortcut\\.", ".downsample."),
                    Rule.of("^(linear|classifier|head|output)\\.(weight|bias)$", "fc.$2"),
                    // Stages conv2_x to conv5_x of sequences (weiaicunzai's).
                    Rule.of("^conv1\\.0\\.", "conv1."),
                    Rule.of("^conv1\\.1\\.", "bn1."),
                    Rule.of("^conv2_x\\.", "layer1."),
                    Rule.of("^conv3_x\\.", "layer2."),
                    Rule.of("^conv4_x\\.", "layer3."),
                    Rule.of("^conv5_x\\.", "layer4."),
                    Rule.of("\\.residual_function\\.0\\.", ".conv1."),
                    Rule.of("\\.residual_function\\.1\\.", ".bn1."),
                    Rule.of("\\.residual_function\\.3\\.", ".conv2."),
                    Rule.of("\\.residual_function\\.4\\.", ".bn2."),
                    Rule.of("\\.residual_function\\.6\\.", ".conv3."),
                    Rule.of("\\.residual_function\\.7\\.", ".bn3."));

    private ForeignNames() {}

    /// The same tensors, under the names that are expected where a rule leads to one.
    static Map<String, TensorData> fit(Map<String, TensorData> tensors, Set<String> expected) {
        Map<String, TensorData> fitting = new LinkedHashMap<>();
        tensors.forEach(
                (name, tensor) -> {
                    String known = ours(name);
                    boolean renamed =
                            !expected.contains(name)
                                    && expected.contains(known)
                                    && !tensors.containsKey(known);
                    fitting.put(renamed ? known : name, tensor);
                });
        return fitting;
    }

    static String ours(String name) {
        String current = name;
        for (Rule rule : RULES) {
            current = rule.pattern().matcher(current).replaceFirst(rule.replacement());
        }
        return current;
    }
}
