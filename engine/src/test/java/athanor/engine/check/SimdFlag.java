package athanor.engine.check;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;

/// The flag under which a build runs the suite once more (`athanor.flag`, set in the pom). Where
/// the JVM or the CPU does not take it, the tests are skipped and say so.
final class SimdFlag {
    private SimdFlag() {}

    static void assumeApplied() {
        String flag = System.getProperty("athanor.flag", "");
        if (!flag.isEmpty()) {
            String[] parts = flag.split("=", 2);
            String value = valueOf(parts[0]);
            assumeTrue(
                    value.equals(parts[1]),
                    () -> "-XX:" + flag + " does not apply on this machine: it is " + value);
        }
    }

    private static String valueOf(String option) {
        try {
            return ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                    .getVMOption(option)
                    .getValue();
        } catch (IllegalArgumentException e) {
            return "unknown to this JVM";
        }
    }
}
