"""The expressions of the language: conditions (`when`, `required_when`) and values (the bounds of a fine), small and typed.

    public_interest or hear_done or complex
    investment <= 30 wan_yuan or floor_area <= 300
    party_type == organisation and fine > 10 wan_yuan
    20 * goods_value

An expression speaks of declared facts and parameters. Each has a type, and nothing is compared, added or divided across types, so
that a wrong unit or a misspelt name is found when the policy is built, never when it is asked. There are no floats: numbers are
whole, shares are exact fractions (`2 / 3`, `3%`), money is counted in fen (分), the smallest sum a court can name.

A fact that nobody has asserted is neither true nor false, nor any number. `and`, `or` and `not` follow Kleene's strong logic of
three values: `a or b` is true as soon as one is, false only when both are. Whatever else reads an unknown fact is unknown. What
to do about "unknown" is the control's business; a prohibition treats it as a refusal that asks for the fact.

One grammar, two spellings. A maintainer groups with parentheses and may write words and units in Chinese; a row of `policy.csv`
says the same with parameters filled in and braces for parentheses, because Casbin's loaders misread `(`, `[`, `,` and quotes in a
cell. What is written in either parses back to the same tree.
"""
