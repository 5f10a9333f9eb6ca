package athanor.kernels.cuda.simulator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// Reads PTX text: directives and statements. What statements mean is the decoder's.
final class PtxParser {
    /// Directives that tell the compiler or a debugger something and change no result; each with
    /// the rest of its line.
    private static final Set<String> HARMLESS =
            Set.of(".loc", ".file", ".pragma", ".maxntid", ".reqntid", ".minnctapersm", ".maxnreg");

    private static final Map<String, Variable.Space> SPACES =
            Map.of(
                    ".global", Variable.Space.GLOBAL,
                    ".const", Variable.Space.CONST,
                    ".shared", Variable.Space.SHARED,
                    ".local", Variable.Space.LOCAL);

    private final List<String> lines;
    private final List<Token> tokens;
    private int next;
    private final Map<String, Variable> variables = new LinkedHashMap<>();
    /// The registers declared within inner braces, the innermost first, and their unique names.
    private final Deque<Map<String, String>> scopes = new ArrayDeque<>();

    private int innerRegisters;

    PtxParser(String text) {
        lines = text.lines().toList();
        tokens = Token.of(text, lines);
    }

    PtxModule module() {
        Map<String, Kernel> kernels = new LinkedHashMap<>();
        List<KernelText> texts = new ArrayList<>();
        boolean targeted = false;
        while (!peek().is("")) {
            Token token = take();
            switch (token.text()) {
                case ".version" -> takeNumber();
                case ".target" -> {
                    targeted = true;
                    skipLine(token);
                }
                case ".address_size" -> {
                    if (takeNumber() != 64) {
                        throw problem(token, "only .address_size 64 is simulated");
                    }
                }
                case ".visible", ".weak", ".extern" -> {}
                case ".entry" -> texts.add(entry());
                case ".global", ".const", ".shared" -> declare(token, variables);
                case ".section" -> skipSection();
                default -> {
                    if (!HARMLESS.contains(token.text())) {
                        throw problem(token, "`" + token.text() + "` is not simulated here");
                    }
                    skipLine(token);
                }
            }
        }
        if (!targeted) {
            throw new PtxProblem(1, lines.isEmpty() ? "" : lines.getFirst(), "no .target");
        }
        for (KernelText text : texts) {
            kernels.put(text.name(), new Decoder(text, variables).kernel());
        }
        List<Variable> shared =
                variables.values().stream()
                        .filter(v -> v.space() != Variable.Space.SHARED)
                        .toList();
        return new PtxModule(kernels, shared);
    }

    /// A kernel as it is written. A label stands for the number of the statement after it.
    record KernelText(
            String name,
            List<String> lines,
            List<Parameter> parameters,
            Map<String, PtxType> registers,
            Map<String, Variable> variables,
            List<Statement> statements,
            Map<String, Integer> labels) {}

    private KernelText entry() {
        Token name = takeName();
        List<Parameter> parameters = new ArrayList<>();
        if (peek().is("(")) {
            take();
            int offset = 0;
            while (!peek().is(")")) {
                Parameter parameter = parameter(offset);
                parameters.add(parameter);
                offset = parameter.offset() + parameter.bytes();
                if (peek().is(",")) {
                    take();
                }
            }
            take();
        }
        while (!peek().is("{")) {
            Token directive = take();
            if (!HARMLESS.contains(directive.text())) {
                throw problem(directive, "`" + directive.text() + "` is not simulated here");
            }
            skipLine(directive);
        }
        KernelText text =
                new KernelText(
                        name.text(),
                        lines,
                        parameters,
                        new LinkedHashMap<>(),
                        new LinkedHashMap<>(),
                        new ArrayList<>(),
                        new HashMap<>());
        expect("{");
        body(text);
        return text;
    }

    /// `.param .type [.ptr [.space] .align n] [.align n] name[size]`
    private Parameter parameter(int end) {
        expect(".param");
        PtxType type = PtxType.B8;
        int align = 0;
        while (peek().text().startsWith(".")) {
            Token token = take();
            switch (token.text()) {
                case ".ptr", ".global", ".shared", ".const", ".local" -> {}
                case ".align" -> {
                    int given = (int) takeNumber();
                    align = align == 0 && type == PtxType.B8 ? given : align;
                }
                default -> type = type(token);
            }
        }
        String name = takeName().text();
        int count = 1;
        if (peek().is("[")) {
            count = size();
        }
        int step = Math.max(align, type.bytes());
        return new Parameter(name, type, (end + step - 1) / step * step, type.bytes() * count);
    }

    private void body(KernelText text) {
        while (true) {
            Token token = peek();
            switch (token.text()) {
                case "" -> throw problem(token, "the kernel's } is missing");
                case "{" -> {
                    take();
                    scopes.push(new HashMap<>());
                }
                case "}" -> {
                    take();
                    if (scopes.isEmpty()) {
                        return;
                    }
                    scopes.pop();
                }
                case ".reg" -> registers(text);
                case ".shared", ".local", ".global", ".const" -> declare(take(), text.variables());
                default -> {
                    if (HARMLESS.contains(token.text())) {
                        skipLine(take());
                    } else if (tokens.get(next + 1).is(":")) {
                        label(text);
                    } else {
                        text.statements().add(statement());
                    }
                }
            }
        }
    }

    private void label(KernelText text) {
        Token name = take();
        take();
        if (text.labels().putIfAbsent(name.text(), text.statements().size()) != null) {
            throw problem(name, "label " + name.text() + " stands twice");
        }
    }

    /// `.reg .type %name<count>, name;`
    private void registers(KernelText text) {
        take();
        PtxType type = type(take());
        do {
            Token name = takeName();
            int count = 0;
            if (peek().is("<")) {
                take();
                count = (int) takeNumber();
                expect(">");
            }
            for (int i = 0; i < Math.max(count, 1); i++) {
                String register = declared(name.text() + (count == 0 ? "" : i));
                if (text.registers().putIfAbsent(register, type) != null) {
                    throw problem(name, "register " + register + " is declared twice");
                }
            }
        } while (takeIf(","));
        expect(";");
    }

    /// The name under which a new register is known: a unique one within inner braces.
    private String declared(String name) {
        if (scopes.isEmpty()) {
            return name;
        }
        String unique = name + "'" + innerRegisters++;
        scopes.element().put(name, unique);
        return unique;
    }

    private String resolved(Token name) {
        for (Map<String, String> scope : scopes) {
            String unique = scope.get(name.text());
            if (unique != null) {
                return unique;
            }
        }
        return name.text();
    }

    /// `.space .align n .type name[size] = {values};`, after the space
    private void declare(Token space, Map<String, Variable> into) {
        int align = 0;
        PtxType type = PtxType.B8;
        while (peek().text().startsWith(".")) {
            Token token = take();
            if (token.is(".align")) {
                align = (int) takeNumber();
            } else {
                type = type(token);
            }
        }
        Token name = takeName();
        int count = 1;
        while (peek().is("[")) {
            count *= size();
        }
        ByteBuffer initial = ByteBuffer.allocate(0);
        if (takeIf("=")) {
            initial = ByteBuffer.allocate(count * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
            boolean list = takeIf("{");
            do {
                long value = Literal.of(take().text(), type);
                for (int i = 0; i < type.bytes(); i++) {
                    initial.put((byte) (value >>> (8 * i)));
                }
            } while (list && takeIf(","));
            if (list) {
                expect("}");
            }
        }
        expect(";");
        Variable variable =
                new Variable(
                        name.text(),
                        Objects.requireNonNull(SPACES.get(space.text())),
                        Math.max(align, type.bytes()),
                        count * type.bytes(),
                        initial.array());
        if (into.putIfAbsent(name.text(), variable) != null) {
            throw problem(name, "variable " + name.text() + " is declared twice");
        }
    }

    /// `[n]`, or `[]`, which is 0
    private int size() {
        expect("[");
        int size = peek().is("]") ? 0 : (int) takeNumber();
        expect("]");
        return size;
    }

    private Statement statement() {
        String guard = "";
        boolean negated = false;
        if (takeIf("@")) {
            negated = takeIf("!");
            guard = resolved(takeName());
        }
        Token opcode = takeName();
        List<Operand> operands = new ArrayList<>();
        while (!peek().is(";")) {
            if (!operands.isEmpty()) {
                expect(",");
            }
            operands.add(operand());
        }
        take();
        return new Statement(opcode.line(), guard, negated, opcode.text(), operands);
    }

    private Operand operand() {
        Token token = take();
        if (token.is("{")) {
            List<Operand> parts = new ArrayList<>();
            do {
                parts.add(operand());
            } while (takeIf(","));
            expect("}");
            return new Operand.Vector(parts);
        }
        if (token.is("[")) {
            Operand.Address address = address();
            expect("]");
            return address;
        }
        if (token.is("!")) {
            return new Operand.Not(resolved(takeName()));
        }
        if (token.isNumber()) {
            return new Operand.Immediate(token.text());
        }
        if (!token.isName()) {
            throw problem(token, "an operand stands where `" + token.text() + "` is");
        }
        if (takeIf("|")) {
            return new Operand.Pair(resolved(token), resolved(takeName()));
        }
        return new Operand.Name(resolved(token));
    }

    private Operand.Address address() {
        if (peek().isNumber()) {
            return new Operand.Address("", takeNumber());
        }
        String base = resolved(takeName());
        long offset = 0;
        if (takeIf("+") || peek().isNumber()) {
            offset = takeNumber();
        }
        return new Operand.Address(base, offset);
    }

    private void skipLine(Token first) {
        while (peek().line() == first.line() && !peek().is("{") && !peek().is("")) {
            take();
        }
    }

    private void skipSection() {
        while (!take().is("}")) {
            if (peek().is("")) {
                throw problem(peek(), "the section's } is missing");
            }
        }
    }

    private PtxType type(Token token) {
        return PtxType.of(token.text().substring(1))
                .orElseThrow(() -> problem(token, "`" + token.text() + "` is no type"));
    }

    private Token peek() {
        return tokens.get(next);
    }

    private Token take() {
        Token token = tokens.get(next);
        if (token.is("")) {
            throw problem(token, "the text ends too early");
        }
        next++;
        return token;
    }

    private boolean takeIf(String text) {
        if (peek().is(text)) {
            next++;
            return true;
        }
        return false;
    }

    private void expect(String text) {
        Token token = take();
        if (!token.is(text)) {
            throw problem(token, "`" + text + "` expected where `" + token.text() + "` is");
        }
    }

    private Token takeName() {
        Token token = take();
        if (!token.isName()) {
            throw problem(token, "a name expected where `" + token.text() + "` is");
        }
        return token;
    }

    private long takeNumber() {
        Token token = take();
        try {
            return (long) Double.parseDouble(token.text());
        } catch (NumberFormatException e) {
            try {
                return Literal.of(token.text(), PtxType.S64);
            } catch (Opcode.Refusal refusal) {
                throw problem(token, "a number expected where `" + token.text() + "` is");
            }
        }
    }

    private PtxProblem problem(Token token, String rule) {
        int line = Math.min(token.line(), lines.size());
        return new PtxProblem(line, line == 0 ? "" : lines.get(line - 1), rule);
    }
}
