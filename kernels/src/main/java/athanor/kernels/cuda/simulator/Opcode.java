package athanor.kernels.cuda.simulator;

import java.util.ArrayList;
import java.util.List;

/// An opcode cut at its dots, as `cvt.rni.s32.f32`: what decodes it takes the modifiers it knows,
/// and a modifier that nobody took is an error, for an ignored one would be a wrong result.
final class Opcode {
    final String text;
    final String base;
    private final List<String> modifiers;
    private final List<PtxType> types = new ArrayList<>();

    Opcode(String text) {
        this.text = text;
        modifiers = new ArrayList<>(List.of(text.split("\\.")));
        base = modifiers.removeFirst();
        for (String modifier : List.copyOf(modifiers)) {
            PtxType.of(modifier)
                    .ifPresent(
                            type -> {
                                types.add(type);
                                modifiers.remove(modifier);
                            });
        }
    }

    /// Whether the modifier is there; it counts as known from now on.
    boolean take(String modifier) {
        return modifiers.remove(modifier);
    }

    /// The one of the modifiers that is there, or "".
    String takeOneOf(String... names) {
        for (String name : names) {
            if (take(name)) {
                return name;
            }
        }
        return "";
    }

    /// The one of the modifiers that must be there.
    String takeRequired(String... names) {
        String found = takeOneOf(names);
        if (found.isEmpty()) {
            throw new Refusal(text + " needs one of ." + String.join(" .", names));
        }
        return found;
    }

    /// The only type.
    PtxType type() {
        return type(0, 1);
    }

    /// Type number `index` of the `count` there must be.
    PtxType type(int index, int count) {
        if (types.size() != count) {
            throw new Refusal(text + " needs " + count + (count == 1 ? " type" : " types"));
        }
        return types.get(index);
    }

    boolean hasTypes() {
        return !types.isEmpty();
    }

    /// To be called when all has been taken.
    void checkAllTaken() {
        if (!modifiers.isEmpty()) {
            throw new Refusal(
                    "modifier ." + modifiers.getFirst() + " of " + base + " is not simulated");
        }
    }

    Refusal unknown() {
        return new Refusal("instruction " + text + " is not simulated");
    }

    /// Why an instruction is not taken; the parser adds the line.
    static final class Refusal extends RuntimeException {
        private static final long serialVersionUID = 1;

        Refusal(String rule) {
            super(rule, null, false, false);
        }
    }
}
