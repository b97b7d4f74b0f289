# SPDX-License-Identifier: MIT
"""Python frames: a method, a lambda and a comprehension that take known amounts."""


class Holder:
    def __init__(self):
        self.kept = []

    def take(self, size):
        self.kept.append(bytearray(size))  # TAKE


def churn():
    for _ in range(50):
        bytearray(100000)  # CHURN


holder = Holder()
holder.take(5000000)
churn()
(lambda size: holder.take(size))(3000000)  # LAMBDA
several = [bytearray(700000) for _ in range(3)]  # SEVERAL


def hostile():
    return bytearray(400000)


def renamed(code, name, file):
    code = code.replace(co_name=name, co_filename=file)
    return code.replace(co_qualname=name) if hasattr(code, 'co_qualname') else code


hostile.__code__ = renamed(hostile.__code__, 'odd;name\n#"12 34', '<a;b"c>')
odd = hostile()
hostile.__code__ = renamed(hostile.__code__, '#comment 12', '')
odd_too = hostile()
