package athanor.cli;

import athanor.train.distributed.World;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// One rank of [MpiTest]: several command lines, with `then` between them, in one JVM. Ends with
/// the code of the first that fails.
final class RankProgram {
    private RankProgram() {}

    public static void main(String[] args) {
        int code = 0;
        List<String> rest = Arrays.asList(args);
        while (code == 0 && !rest.isEmpty()) {
            int end = rest.contains("then") ? rest.indexOf("then") : rest.size();
            List<String> command = new ArrayList<>(rest.subList(0, end));
            rest = rest.subList(Math.min(end + 1, rest.size()), rest.size());
            code = Athanor.run(Screen.ofProcess(), command.toArray(String[]::new));
        }
        System.out.flush();
        World.leave(code);
        System.exit(code);
    }
}
