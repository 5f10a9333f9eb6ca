package athanor.kernels.cuda.simulator;

import athanor.kernels.cuda.simulator.ControlActions.Barrier;
import athanor.kernels.cuda.simulator.ControlActions.Branch;
import athanor.kernels.cuda.simulator.LaneActions.Compute;
import athanor.kernels.cuda.simulator.MemoryActions.Atomic;
import athanor.kernels.cuda.simulator.MemoryActions.Load;
import athanor.kernels.cuda.simulator.MemoryActions.LoadParameter;
import athanor.kernels.cuda.simulator.MemoryActions.Place;
import athanor.kernels.cuda.simulator.MemoryActions.Space;
import athanor.kernels.cuda.simulator.MemoryActions.Store;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Turns the statements of a kernel into instructions: names become numbers of registers, opcodes
/// become actions. A statement may need several, which then stand on the same line.
final class Decoder {
    private static final String[] CACHE_HINTS = {
        "ca",
        "cg",
        "cs",
        "lu",
        "cv",
        "wb",
        "wt",
        "L1::evict_normal",
        "L1::evict_unchanged",
        "L1::evict_first",
        "L1::evict_last",
        "L1::no_allocate",
        "L2::64B",
        "L2::128B",
        "L2::256B"
    };
    private static final String[] SCOPES = {"cta", "gpu", "sys", "gl"};

    private final PtxParser.KernelText text;
    private final Map<String, Variable> moduleVariables;
    private final Registers registers = new Registers();
    private final List<Instruction> code = new ArrayList<>();
    /// The first instruction of each statement.
    private final int[] starts;
    private final Map<String, Integer> sharedOffsets = new LinkedHashMap<>();
    private final List<Variable> sharedVariables = new ArrayList<>();
    private final Map<String, Integer> localOffsets = new HashMap<>();
    /// The register with the address of dynamic shared memory, which lies behind all other.
    private final int dynamicShared;

    private int sharedBytes;
    private int localBytes;
    private int accesses;
    private Statement statement;

    /// The numbers of registers. Register 0 is always 0.
    static final class Registers {
        private final Map<String, Integer> named = new LinkedHashMap<>();
        private final Map<Long, Integer> values = new HashMap<>();
        private final List<Kernel.Constant> constants = new ArrayList<>();
        private final List<Kernel.Symbol> symbols = new ArrayList<>();
        private final List<Kernel.SpecialUse> specials = new ArrayList<>();
        private int count;

        int fresh() {
            return count++;
        }

        int constant(long value) {
            return values.computeIfAbsent(
                    value,
                    v -> {
                        constants.add(new Kernel.Constant(count, v));
                        return count++;
                    });
        }

        Map<String, Integer> named() {
            return Map.copyOf(named);
        }

        int count() {
            return count;
        }

        List<Kernel.Constant> constants() {
            return List.copyOf(constants);
        }

        List<Kernel.Symbol> symbols() {
            return List.copyOf(symbols);
        }

        List<Kernel.SpecialUse> specials() {
            return List.copyOf(specials);
        }
    }

    Decoder(PtxParser.KernelText text, Map<String, Variable> moduleVariables) {
        this.text = text;
        this.moduleVariables = moduleVariables;
        starts = new int[text.statements().size() + 1];
        statement = new Statement(1, "", false, "ret", List.of());
        registers.constant(0);
        dynamicShared = registers.fresh();
    }

    Kernel kernel() {
        text.registers().keySet().forEach(name -> registers.named.put(name, registers.fresh()));
        for (Variable variable : text.variables().values()) {
            switch (variable.space()) {
                case SHARED -> {
                    if (variable.bytes() > 0) {
                        placeShared(variable);
                    }
                }
                case LOCAL -> {
                    localBytes = align(localBytes, variable.align());
                    localOffsets.put(variable.name(), localBytes);
                    localBytes += variable.bytes();
                }
                default -> {}
            }
        }
        localBytes = align(localBytes, 16);
        List<Statement> statements = text.statements();
        for (int i = 0; i < statements.size(); i++) {
            statement = statements.get(i);
            starts[i] = code.size();
            try {
                decode();
            } catch (Opcode.Refusal refusal) {
                throw problem(String.valueOf(refusal.getMessage()));
            }
        }
        starts[statements.size()] = code.size();
        statement = new Statement(statement.line(), "", false, "ret", List.of());
        add(new ControlActions.Exit());
        Instruction[] resolved = code.toArray(Instruction[]::new);
        for (int i = 0; i < resolved.length; i++) {
            if (resolved[i].action() instanceof Branch(int label)) {
                Instruction at = resolved[i];
                resolved[i] =
                        new Instruction(
                                at.line(),
                                at.text(),
                                at.guard(),
                                at.negated(),
                                new Branch(starts[label]));
            }
        }
        int dynamicStart = align(sharedBytes, Kernel.SharedLayout.GUARD);
        registers.constants.add(new Kernel.Constant(dynamicShared, dynamicStart));
        return new Kernel(
                text,
                resolved,
                registers,
                new Kernel.SharedLayout(
                        Map.copyOf(sharedOffsets), List.copyOf(sharedVariables), dynamicStart),
                localBytes,
                accesses);
    }

    private static int align(int at, int by) {
        return (at + by - 1) / by * by;
    }

    private int placeShared(Variable variable) {
        int guard = Kernel.SharedLayout.GUARD;
        int at = align(sharedBytes, Math.max(guard, variable.align()));
        sharedOffsets.put(variable.name(), at);
        sharedVariables.add(variable);
        sharedBytes = at + variable.bytes() + guard;
        return at;
    }

    private PtxProblem problem(String rule) {
        return new PtxProblem(statement.line(), text.lines().get(statement.line() - 1), rule);
    }

    private void add(Action action) {
        int guard = -1;
        if (!statement.guard().isEmpty()) {
            guard = register(statement.guard(), PtxType.PRED);
        }
        code.add(
                new Instruction(
                        statement.line(),
                        text.lines().get(statement.line() - 1).strip(),
                        guard,
                        statement.negated(),
                        action));
    }

    private void decode() {
        Opcode op = new Opcode(statement.opcode());
        boolean computes = false;
        switch (op.base) {
            case "ld", "ldu" -> load(op);
            case "st" -> store(op);
            case "atom", "red" -> atomic(op);
            case "bra" -> {
                op.take("uni");
                expectOperands(1);
                add(new Branch(label(statement.operands().getFirst())));
            }
            case "ret", "exit" -> {
                op.take("uni");
                expectOperands(0);
                add(new ControlActions.Exit());
            }
            case "trap" -> add(new ControlActions.Trap());
            case "bar", "barrier" -> barrier(op);
            case "membar", "fence" -> {
                op.takeOneOf("sc", "acq_rel");
                op.takeRequired(SCOPES);
                add(new ControlActions.Fence());
            }
            case "shfl" -> shuffle(op);
            case "vote" -> vote(op);
            case "redux" -> reduce(op);
            case "activemask" -> {
                expectOperands(1);
                add(new LaneActions.ActiveMask(result(0, op.type())));
            }
            case "call" -> throw new Opcode.Refusal("functions are not simulated: inline them");
            default -> computes = true;
        }
        if (computes) {
            compute(op);
        } else {
            op.checkAllTaken();
        }
    }

    private void compute(Opcode op) {
        List<Operand> operands = statement.operands();
        if (op.base.equals("mov") && operands.size() == 2) {
            if (operands.getFirst() instanceof Operand.Vector(List<Operand> parts)) {
                unpack(op, parts);
                return;
            }
            if (operands.getLast() instanceof Operand.Vector(List<Operand> parts)) {
                pack(op, parts);
                return;
            }
        }
        if (op.base.equals("setp")
                && !operands.isEmpty()
                && operands.getFirst() instanceof Operand.Pair pair) {
            compareTwice(pair);
            return;
        }
        Operation operation = Operation.of(op);
        List<PtxType> types = operation.operands();
        expectOperands(types.size() + 1);
        if (op.base.equals("cvt")) {
            convert(operation);
            return;
        }
        int to = result(0, operation.result());
        int[] from = new int[types.size()];
        for (int i = 0; i < from.length; i++) {
            from[i] = value(operands.get(i + 1), types.get(i));
        }
        add(Compute.of(operation.loop(), to, from));
    }

    /// Registers of a conversion may be wider than its types; the result is extended to them.
    private void convert(Operation operation) {
        Operand source = statement.operands().get(1);
        int from =
                source instanceof Operand.Name
                        ? wide(source, operation.operands().getFirst())
                        : value(source, operation.operands().getFirst());
        int to = wide(statement.operands().getFirst(), operation.result());
        int bits = typeOf(statement.operands().getFirst()).bits;
        add(Compute.of(operation.loop(), to, from));
        if (operation.result().isSigned() && bits > operation.result().bits) {
            emit("cvt.s" + bits + "." + operation.result(), to, to);
        }
    }

    private void emit(String opcode, int to, int... from) {
        add(Compute.of(Operation.of(new Opcode(opcode)).loop(), to, from));
    }

    /// `setp.lt.and.f32 p|q, a, b, c`: p is (a < b) and c, q is !(a < b) and c.
    private void compareTwice(Operand.Pair pair) {
        String opcode = statement.opcode();
        String with =
                opcode.contains(".and.")
                        ? "and"
                        : opcode.contains(".or.") ? "or" : opcode.contains(".xor.") ? "xor" : "";
        String plain = with.isEmpty() ? opcode : opcode.replace("." + with + ".", ".");
        Operation compare = Operation.of(new Opcode(plain));
        List<Operand> operands = statement.operands();
        expectOperands(with.isEmpty() ? 3 : 4);
        PtxType type = compare.operands().getFirst();
        int holds = registers.fresh();
        int fails = registers.fresh();
        emit(plain, holds, value(operands.get(1), type), value(operands.get(2), type));
        emit("not.pred", fails, holds);
        if (!with.isEmpty()) {
            int other = value(operands.get(3), PtxType.PRED);
            emit(with + ".pred", holds, holds, other);
            emit(with + ".pred", fails, fails, other);
        }
        if (!pair.first().equals("_")) {
            emit("mov.pred", register(pair.first(), PtxType.PRED), holds);
        }
        if (!pair.second().equals("_")) {
            emit("mov.pred", register(pair.second(), PtxType.PRED), fails);
        }
    }

    /// `mov.b64 {low, high}, d`
    private void unpack(Opcode op, List<Operand> parts) {
        PtxType whole = op.type();
        PtxType part = part(whole, parts.size(), op);
        op.checkAllTaken();
        int from = value(statement.operands().getLast(), whole);
        for (int i = 0; i < parts.size(); i++) {
            if (parts.get(i) instanceof Operand.Name(String name) && !name.equals("_")) {
                int shift = registers.constant((long) i * part.bits);
                int shifted = registers.fresh();
                emit("shr." + whole, shifted, from, shift);
                emit("cvt.u" + part.bits + ".u" + whole.bits, register(name, part), shifted);
            }
        }
    }

    /// `mov.b64 d, {low, high}`
    private void pack(Opcode op, List<Operand> parts) {
        PtxType whole = op.type();
        PtxType part = part(whole, parts.size(), op);
        op.checkAllTaken();
        int sum = registers.constant(0);
        for (int i = 0; i < parts.size(); i++) {
            int shifted = registers.fresh();
            emit(
                    "shl." + whole,
                    shifted,
                    value(parts.get(i), part),
                    registers.constant((long) i * part.bits));
            int next = registers.fresh();
            emit("or." + whole, next, sum, shifted);
            sum = next;
        }
        emit("mov." + whole, result(0, whole), sum);
    }

    private static PtxType part(PtxType whole, int count, Opcode op) {
        return PtxType.of("b" + whole.bits / count)
                .filter(part -> part.bits >= 16 && whole.kind == PtxType.Kind.BITS)
                .filter(part -> part.bits * count == whole.bits)
                .orElseThrow(op::unknown);
    }

    private void load(Opcode op) {
        if (op.take("param")) {
            loadParameter(op);
            return;
        }
        boolean cached = op.take("nc");
        Space space = space(op);
        boolean strong = strength(op, "acquire", space);
        PtxType type = op.type();
        List<Operand> to = elements(op, 0);
        op.takeOneOf(CACHE_HINTS);
        op.takeOneOf(CACHE_HINTS);
        expectOperands(2);
        int[] registers = new int[to.size()];
        PtxType[] types = new PtxType[to.size()];
        for (int i = 0; i < registers.length; i++) {
            registers[i] = wide(to.get(i), type);
            types[i] = typeOf(to.get(i));
        }
        add(new Load(place(1, space, type, to.size()), type, registers, types, strong, cached));
    }

    private void loadParameter(Opcode op) {
        PtxType type = op.type();
        List<Operand> to = elements(op, 0);
        expectOperands(2);
        if (!(statement.operands().get(1) instanceof Operand.Address(String base, long offset))) {
            throw new Opcode.Refusal("an address in [] is needed");
        }
        Parameter parameter =
                text.parameters().stream()
                        .filter(p -> p.name().equals(base))
                        .findFirst()
                        .orElseThrow(() -> new Opcode.Refusal(base + " is no parameter"));
        if (offset < 0 || offset + (long) type.bytes() * to.size() > parameter.bytes()) {
            throw new Opcode.Refusal(base + " has " + parameter.bytes() + " bytes");
        }
        for (int i = 0; i < to.size(); i++) {
            int at = parameter.offset() + (int) offset + i * type.bytes();
            add(new LoadParameter(at, type, wide(to.get(i), type), typeOf(to.get(i))));
        }
    }

    private void store(Opcode op) {
        Space space = space(op);
        boolean strong = strength(op, "release", space);
        if (space == Space.CONST) {
            throw op.unknown();
        }
        PtxType type = op.type();
        List<Operand> from = elements(op, 1);
        op.takeOneOf(CACHE_HINTS);
        op.takeOneOf(CACHE_HINTS);
        expectOperands(2);
        int[] registers = new int[from.size()];
        for (int i = 0; i < registers.length; i++) {
            Operand operand = from.get(i);
            registers[i] =
                    operand instanceof Operand.Name(String name)
                                    && text.registers().containsKey(name)
                            ? wide(operand, type)
                            : value(operand, type);
        }
        add(new Store(place(0, space, type, from.size()), type, registers, strong));
    }

    private void atomic(Opcode op) {
        boolean old = op.base.equals("atom");
        op.takeOneOf("relaxed", "acquire", "release", "acq_rel");
        op.takeOneOf(SCOPES);
        Space space = space(op);
        if (space == Space.CONST || space == Space.LOCAL) {
            throw op.unknown();
        }
        PtxType type = op.type();
        boolean cas = op.take("cas");
        MemoryActions.Update update =
                cas
                        ? MemoryActions.update(new Opcode("atom.cas." + type), type)
                        : MemoryActions.update(op, type);
        int first = old ? 1 : 0;
        expectOperands(first + (cas ? 3 : 2));
        Place place = place(first, space, type, 1);
        int to = old ? discardable(statement.operands().getFirst(), type) : -1;
        int b = value(statement.operands().get(first + 1), type);
        int c = cas ? value(statement.operands().get(first + 2), type) : b;
        add(new Atomic(place, type, update, to, b, c));
    }

    /// Whether threads may meet there without a barrier. In shared memory `.volatile` does not say
    /// so: there it is what the code of old GPUs used in place of barriers.
    private static boolean strength(Opcode op, String ordered, Space space) {
        if (op.take("volatile")) {
            return space != Space.SHARED;
        }
        if (!op.takeOneOf("relaxed", ordered).isEmpty()) {
            op.takeRequired(SCOPES);
            return true;
        }
        op.take("weak");
        return false;
    }

    private static Space space(Opcode op) {
        if (op.take("shared::cta")) {
            return Space.SHARED;
        }
        String name = op.takeOneOf("global", "shared", "local", "const");
        return name.isEmpty() ? Space.GENERIC : Space.valueOf(name.toUpperCase(Locale.ROOT));
    }

    /// The one, two or four elements of a load or store.
    private List<Operand> elements(Opcode op, int operand) {
        String vector = op.takeOneOf("v2", "v4");
        if (statement.operands().size() <= operand) {
            expectOperands(2);
        }
        Operand given = statement.operands().get(operand);
        List<Operand> parts =
                given instanceof Operand.Vector(List<Operand> list) ? list : List.of(given);
        int count = vector.isEmpty() ? 1 : vector.charAt(1) - '0';
        if (parts.size() != count) {
            throw new Opcode.Refusal(op.text + " needs " + count + " elements");
        }
        if (count * op.type().bytes() > 32) {
            throw op.unknown();
        }
        return parts;
    }

    private Place place(int operand, Space space, PtxType type, int elements) {
        if (!(statement.operands().get(operand) instanceof Operand.Address(var base, var offset))) {
            throw new Opcode.Refusal("an address in [] is needed");
        }
        int register = registers.constant(0);
        long shift = offset;
        if (text.registers().containsKey(base)) {
            register = register(base, PtxType.B64, PtxType.B32);
        } else if (!base.isEmpty()) {
            register = symbol(base);
        }
        return new Place(space, register, shift, elements * type.bytes(), accesses++);
    }

    private void barrier(Opcode op) {
        if (op.take("warp")) {
            op.takeRequired("sync");
            expectOperands(1);
            add(
                    new ControlActions.WarpBarrier(
                            value(statement.operands().getFirst(), PtxType.B32)));
            return;
        }
        op.takeRequired("sync");
        op.take("cta");
        op.take("aligned");
        List<Operand> operands = statement.operands();
        if (operands.isEmpty() || operands.size() > 2) {
            expectOperands(1);
        }
        add(
                new Barrier(
                        value(operands.getFirst(), PtxType.U32),
                        operands.size() == 2 ? value(operands.get(1), PtxType.U32) : -1));
    }

    private void shuffle(Opcode op) {
        op.takeRequired("sync");
        String mode = op.takeRequired("up", "down", "bfly", "idx");
        PtxType type = op.type();
        expectOperands(5);
        List<Operand> operands = statement.operands();
        int inside = -1;
        Operand to = operands.getFirst();
        if (to instanceof Operand.Pair(String first, String second)) {
            inside = second.equals("_") ? -1 : register(second, PtxType.PRED);
            to = new Operand.Name(first);
        }
        if (type != PtxType.B32) {
            throw op.unknown();
        }
        add(
                new LaneActions.Shuffle(
                        LaneActions.Pattern.valueOf(mode.toUpperCase(Locale.ROOT)),
                        value(to, type),
                        inside,
                        value(operands.get(1), type),
                        value(operands.get(2), type),
                        value(operands.get(3), type),
                        value(operands.get(4), type)));
    }

    private void vote(Opcode op) {
        op.takeRequired("sync");
        String mode = op.takeRequired("all", "any", "uni", "ballot");
        PtxType type = op.type();
        if (type != (mode.equals("ballot") ? PtxType.B32 : PtxType.PRED)) {
            throw op.unknown();
        }
        expectOperands(3);
        Operand predicate = statement.operands().get(1);
        boolean negated = predicate instanceof Operand.Not;
        add(
                new LaneActions.Vote(
                        LaneActions.Ballot.valueOf(mode.toUpperCase(Locale.ROOT)),
                        result(0, type),
                        predicate instanceof Operand.Not(String name)
                                ? register(name, PtxType.PRED)
                                : value(predicate, PtxType.PRED),
                        negated,
                        value(statement.operands().get(2), PtxType.B32)));
    }

    private void reduce(Opcode op) {
        op.takeRequired("sync");
        String name = op.takeRequired("add", "min", "max", "and", "or", "xor");
        PtxType type = op.type();
        expectOperands(3);
        boolean logic = List.of("and", "or", "xor").contains(name);
        if (type.bits != 32 || (logic ? type != PtxType.B32 : !type.isInteger())) {
            throw op.unknown();
        }
        add(
                new LaneActions.Reduce(
                        MemoryActions.reduction(name, type),
                        type,
                        result(0, type),
                        value(statement.operands().get(1), type),
                        value(statement.operands().get(2), PtxType.B32)));
    }

    private void expectOperands(int count) {
        if (statement.operands().size() != count) {
            throw new Opcode.Refusal(
                    "%s needs %d operands, %d given"
                            .formatted(statement.opcode(), count, statement.operands().size()));
        }
    }

    private int label(Operand operand) {
        if (!(operand instanceof Operand.Name(String name))) {
            throw new Opcode.Refusal("a label is needed");
        }
        Integer at = text.labels().get(name);
        if (at == null) {
            throw new Opcode.Refusal("label " + name + " is not there");
        }
        return at;
    }

    /// The register an operation's result goes to.
    private int result(int operand, PtxType type) {
        if (!(statement.operands().get(operand) instanceof Operand.Name(String name))) {
            throw new Opcode.Refusal("the result needs a register");
        }
        return register(name, type);
    }

    private int discardable(Operand operand, PtxType type) {
        return operand instanceof Operand.Name(String name) && name.equals("_")
                ? -1
                : value(operand, type);
    }

    /// A register whose type has the size of one of those.
    private int register(String name, PtxType... sizes) {
        PtxType type = text.registers().get(name);
        if (type == null) {
            throw new Opcode.Refusal("register " + name + " is not declared");
        }
        for (PtxType size : sizes) {
            if (size.bits == type.bits && (size.kind == type.kind || fits(size, type))) {
                return named(name);
            }
        }
        throw new Opcode.Refusal(
                "register %s is of type .%s where .%s is needed".formatted(name, type, sizes[0]));
    }

    /// A float's register does not take an integer, nor the other way round; bits take all.
    private static boolean fits(PtxType wanted, PtxType declared) {
        return wanted.isFloat()
                ? !declared.isInteger()
                : !wanted.isInteger() || !declared.isFloat();
    }

    private int named(String name) {
        Integer number = registers.named.get(name);
        if (number == null) {
            throw new Opcode.Refusal("register " + name + " is not declared");
        }
        return number;
    }

    /// A register for a value in memory: it may be wider than the value.
    private int wide(Operand operand, PtxType type) {
        PtxType own = typeOf(operand);
        if (own.bits < type.bits || own == PtxType.PRED) {
            throw new Opcode.Refusal(
                    "a register of type .%s is too narrow for .%s".formatted(own, type));
        }
        return named(((Operand.Name) operand).name());
    }

    private PtxType typeOf(Operand operand) {
        if (operand instanceof Operand.Name(String name)) {
            return Optional.ofNullable(text.registers().get(name))
                    .orElseThrow(() -> new Opcode.Refusal("register " + name + " is not declared"));
        }
        throw new Opcode.Refusal("a register is needed");
    }

    /// The register that holds the operand.
    private int value(Operand operand, PtxType type) {
        return switch (operand) {
            case Operand.Immediate(String number) -> registers.constant(Literal.of(number, type));
            case Operand.Not(String name) -> {
                int negated = registers.fresh();
                emit("not.pred", negated, register(name, PtxType.PRED));
                yield negated;
            }
            case Operand.Name(String name) -> {
                if (text.registers().containsKey(name)) {
                    yield register(name, type);
                }
                if (name.equals("WARP_SZ")) {
                    yield registers.constant(Warp.LANES);
                }
                yield name.startsWith("%") ? special(name) : symbol(name);
            }
            case Operand.Address a -> throw new Opcode.Refusal("[] does not stand here");
            case Operand.Vector v -> throw new Opcode.Refusal("{} does not stand here");
            case Operand.Pair p -> throw new Opcode.Refusal("| does not stand here");
        };
    }

    private int special(String name) {
        Special special =
                Special.of(name)
                        .orElseThrow(
                                () -> new Opcode.Refusal("register " + name + " is not declared"));
        for (Kernel.SpecialUse use : registers.specials) {
            if (use.special() == special) {
                return use.register();
            }
        }
        int register = registers.fresh();
        registers.specials.add(new Kernel.SpecialUse(register, special));
        return register;
    }

    /// A register with the variable's address in its own space.
    private int symbol(String name) {
        Variable variable =
                Optional.ofNullable(text.variables().get(name))
                        .or(() -> Optional.ofNullable(moduleVariables.get(name)))
                        .orElseThrow(() -> new Opcode.Refusal(name + " is not declared"));
        return switch (variable.space()) {
            case LOCAL -> registers.constant(localOffsets.getOrDefault(name, 0));
            case SHARED -> {
                if (variable.bytes() == 0) {
                    yield dynamicShared;
                }
                Integer at = sharedOffsets.get(name);
                yield registers.constant(at == null ? placeShared(variable) : at);
            }
            default -> {
                int register = registers.fresh();
                registers.symbols.add(new Kernel.Symbol(register, variable));
                yield register;
            }
        };
    }
}
